using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Gateway.Server.Naming;

/// <summary>
/// The id of a connection: 96 random bits, so that ids are unique across nodes and cannot be guessed. As text it has 16 characters.
/// Immutable. Kept as bits, because every idle connection has one, and few are ever asked for the text.
/// </summary>
internal readonly record struct ConnectionId
{
    /// <summary>Characters of the text, which is base64url and so has a byte for each in UTF-8.</summary>
    public const int TextLength = 16;

    private const string AnonymousPrefix = "anonymous-";

    private const int Bytes = 3 * sizeof(uint);

    /// <summary>Ids whose bits a thread draws at once: a draw for each would be a system call and a microsecond of every connect.</summary>
    private const int IdsPerDraw = 64;

    /// <summary>Bits that the thread has drawn and not used yet, from <see cref="_next"/> on.</summary>
    [ThreadStatic]
    private static byte[]? _drawn;

    [ThreadStatic]
    private static int _next;

    // Three fields of four bytes: with one of eight the id would take 16 bytes.
    private readonly uint _first;
    private readonly uint _second;
    private readonly uint _third;

    private ConnectionId(ReadOnlySpan<byte> bits)
    {
        var parts = MemoryMarshal.Cast<byte, uint>(bits);
        (_first, _second, _third) = (parts[0], parts[1], parts[2]);
    }

    /// <summary>The user id of a client that nobody knows.</summary>
    public string AnonymousUser => AnonymousPrefix + ToString();

    /// <summary>A new id.</summary>
    public static ConnectionId Next()
    {
        var drawn = _drawn ??= new byte[IdsPerDraw * Bytes];
        int next = _next;
        if (next == 0)
            RandomNumberGenerator.Fill(drawn);
        _next = (next + Bytes) % drawn.Length;
        return new ConnectionId(drawn.AsSpan(next, Bytes));
    }

    /// <param name="text">The text in UTF-8.</param>
    /// <returns>Null for anything that is not the text of an id.</returns>
    public static ConnectionId? TryParse(ReadOnlySpan<byte> text)
    {
        Span<byte> bits = stackalloc byte[Bytes];
        var status = Base64Url.DecodeFromUtf8(text, bits, out _, out int length);
        return text.Length == TextLength && status == OperationStatus.Done && length == Bytes ? new ConnectionId(bits) : null;
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{byte})"/>
    public static ConnectionId? TryParse(ReadOnlySpan<char> text)
    {
        Span<byte> bits = stackalloc byte[Bytes];
        var status = Base64Url.DecodeFromChars(text, bits, out _, out int length);
        return text.Length == TextLength && status == OperationStatus.Done && length == Bytes ? new ConnectionId(bits) : null;
    }

    /// <summary>The connection whose <see cref="AnonymousUser"/> it is; null for any other user.</summary>
    public static ConnectionId? OfAnonymousUser(ReadOnlySpan<char> user) =>
        user.StartsWith(AnonymousPrefix, StringComparison.Ordinal) ? TryParse(user[AnonymousPrefix.Length..]) : null;

    /// <summary>Writes the text in UTF-8.</summary>
    /// <param name="output">Room for <see cref="TextLength"/> bytes.</param>
    public void Write(Span<byte> output) => Base64Url.EncodeToUtf8(MemoryMarshal.AsBytes(new ReadOnlySpan<ConnectionId>(in this)), output);

    /// <summary>A part of a divided table, by bits that <see cref="Slot"/> does not use.</summary>
    public int Shard(int count) => (int)(_second % (uint)count);

    /// <summary>A place in a table of any length, by the multiplication that maps all numbers evenly to it.</summary>
    public int Slot(int count) => (int)(((ulong)_first * (uint)count) >> 32);

    /// <summary>All bits are random, and any of them do.</summary>
    public override int GetHashCode() => (int)_first;

    public override string ToString() => Base64Url.EncodeToString(MemoryMarshal.AsBytes(new ReadOnlySpan<ConnectionId>(in this)));
}
