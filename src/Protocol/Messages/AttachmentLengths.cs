using System.Buffers.Text;

namespace Gateway.Protocol.Messages;

/// <summary>
/// The field <c>attachments</c> of a binary message: a JSON array with the length of each attachment, whose bytes follow the header.
/// Stateless.
/// </summary>
internal static class AttachmentLengths
{
    // The digits of int.MaxValue.
    private const int MaxDigits = 10;

    /// <summary>Checks an array that <see cref="JsonObjectScanner"/> has found.</summary>
    /// <param name="array">The array; empty where there is no such field.</param>
    /// <param name="bytes">How many bytes follow the header.</param>
    /// <param name="problem">What is wrong, short enough for a close frame; empty for nothing.</param>
    public static bool TryCheck(ReadOnlySpan<byte> array, int bytes, out string problem)
    {
        problem = "'attachments' in the header must be an array of lengths";
        if (array.IsEmpty || array[0] != '[')
            return false;
        long sum = 0;
        int count = 0;
        var rest = array[1..];
        for (; TryTake(ref rest, out uint length); count++)
            sum += length;
        if (!rest.SequenceEqual("]"u8))
            return false;
        problem = count is 0 or > Attachments.MaxCount ? $"a binary message has 1 to {Attachments.MaxCount} attachments"
            : sum != bytes ? "the lengths in 'attachments' are not those of the bytes behind the header"
            : "";
        return problem.Length == 0;
    }

    /// <summary>The number of lengths in an array that has been checked.</summary>
    public static int Count(ReadOnlySpan<byte> array) => array.Count((byte)',') + 1;

    /// <summary>Writes the lengths of an array that has been checked into a block.</summary>
    public static void Read(ReadOnlySpan<byte> array, Span<byte> block)
    {
        var rest = array[1..];
        int count = 0;
        while (TryTake(ref rest, out uint length))
            Attachments.SetLength(block, count++, (int)length);
        Attachments.Begin(block, count);
    }

    /// <summary>The number of bytes that <see cref="Write"/> writes.</summary>
    public static int Size(Attachments attachments)
    {
        Span<byte> digits = stackalloc byte[MaxDigits];
        // The brackets, and a comma between two.
        int size = 1 + attachments.Count;
        for (int i = 0; i < attachments.Count; i++)
        {
            Utf8Formatter.TryFormat(attachments.LengthOf(i), digits, out int written);
            size += written;
        }
        return size;
    }

    /// <summary>Writes the array.</summary>
    /// <returns>Bytes written.</returns>
    public static int Write(Attachments attachments, Span<byte> destination)
    {
        int at = 0;
        for (int i = 0; i < attachments.Count; i++)
        {
            destination[at++] = (byte)(i == 0 ? '[' : ',');
            Utf8Formatter.TryFormat(attachments.LengthOf(i), destination[at..], out int written);
            at += written;
        }
        destination[at++] = (byte)']';
        return at;
    }

    /// <summary>Takes a whole number and the comma behind it, with the blanks around them. At anything else it stays.</summary>
    private static bool TryTake(ref ReadOnlySpan<byte> rest, out uint length)
    {
        rest = rest.TrimStart(" \t\r\n"u8);
        if (!Utf8Parser.TryParse(rest, out length, out int consumed) || length > int.MaxValue)
            return false;
        rest = rest[consumed..].TrimStart(" \t\r\n"u8);
        if (rest[0] == ',')
            rest = rest[1..];
        return true;
    }
}
