using System.Buffers.Binary;

namespace Gateway.Protocol.Messages;

/// <summary>
/// The byte strings of one message as they travel through the gateway, in one block: their number (1 byte), the length of each (4 bytes,
/// big-endian), and the bytes of all, one after the other. Points into the memory that it was read from; the default has none.
/// </summary>
internal readonly ref struct Attachments
{
    /// <inheritdoc cref="BinaryMessage.MaxAttachments"/>
    public const int MaxCount = BinaryMessage.MaxAttachments;

    private Attachments(ReadOnlySpan<byte> block) => Block = block;

    public ReadOnlySpan<byte> Block { get; }

    public int Count => Block.IsEmpty ? 0 : Block[0];

    public bool IsEmpty => Block.IsEmpty;

    /// <summary>The bytes of all attachments.</summary>
    public ReadOnlySpan<byte> Bytes => Block.IsEmpty ? default : Block[HeaderSize(Count)..];

    /// <summary>The size of a block without the attachments' bytes.</summary>
    public static int HeaderSize(int count) => 1 + (count * sizeof(int));

    /// <summary>The block that a gateway has put together and that stands at the beginning of these bytes.</summary>
    public static Attachments Read(ReadOnlySpan<byte> bytes) =>
        TryRead(bytes, out var attachments) ? attachments : throw new ArgumentException("No block of attachments.", nameof(bytes));

    /// <summary>Reads the block at the beginning of bytes that may come from anybody.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Attachments attachments)
    {
        attachments = default;
        if (bytes.IsEmpty || bytes[0] is 0 or > MaxCount || bytes.Length < HeaderSize(bytes[0]))
            return false;
        // Sixteen lengths of 32 bits cannot exceed 64.
        long size = HeaderSize(bytes[0]);
        for (int i = 0; i < bytes[0]; i++)
            size += BinaryPrimitives.ReadUInt32BigEndian(bytes[HeaderSize(i)..]);
        if (size > bytes.Length)
            return false;
        attachments = new Attachments(bytes[..(int)size]);
        return true;
    }

    /// <summary>Begins a block: everything but the attachments' bytes and their lengths.</summary>
    /// <param name="block">At least as long as <see cref="HeaderSize"/> says.</param>
    /// <param name="count">From 1 to <see cref="MaxCount"/>.</param>
    public static void Begin(Span<byte> block, int count) => block[0] = (byte)count;

    public static void SetLength(Span<byte> block, int index, int length) =>
        BinaryPrimitives.WriteInt32BigEndian(block[HeaderSize(index)..], length);

    /// <summary>The block of one attachment.</summary>
    public static Attachments Of(ReadOnlySpan<byte> attachment)
    {
        byte[] block = [1, 0, 0, 0, 0, .. attachment];
        SetLength(block, 0, attachment.Length);
        return new Attachments(block);
    }

    /// <summary>Makes the bytes of a payload.</summary>
    /// <param name="content">JSON that has been checked, or nothing.</param>
    public byte[] With(ReadOnlySpan<byte> content) => [.. Block, .. content];

    public int LengthOf(int index) => BinaryPrimitives.ReadInt32BigEndian(Block[HeaderSize(index)..]);
}
