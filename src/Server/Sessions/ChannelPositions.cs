using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Gateway.Server.Backplane;

namespace Gateway.Server.Sessions;

/// <summary>
/// The positions of a stream in its channels with history, and the opaque text that brings them back. A channel is named by 64 bits of a
/// hash, so that the text of 128 channels still fits into a request's head. Not thread-safe.
/// </summary>
internal sealed class ChannelPositions
{
    /// <summary>At 32 characters each, half of the 8 KiB that a request's head may have.</summary>
    public const int MaxChannels = 128;

    private const byte Version = 1;
    private const int MaxEpochBytes = 32;

    /// <summary>A hash, a seq of 63 bits at seven a byte, a length, an epoch.</summary>
    private const int MaxEntryBytes = sizeof(ulong) + 9 + 1 + MaxEpochBytes;

    private readonly List<Entry> _entries = [];
    private byte[] _bytes = [];

    /// <summary>Reads what <see cref="Write"/> wrote; null for anything else.</summary>
    public static ChannelPositions? TryParse(string text)
    {
        byte[] bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        if (!Ascii.IsValid(text) || Base64Url.DecodeFromChars(text, bytes, out _, out int length) != OperationStatus.Done)
            return null;
        var positions = new ChannelPositions();
        if (!positions.TryRead(bytes.AsSpan(0, length)))
            return null;
        // Only the text that `Write` would give is read: no blanks, no padding, no longer way to write a number.
        var canonical = new ArrayBufferWriter<byte>(text.Length + 4);
        positions.Write(canonical);
        return Ascii.Equals(canonical.WrittenSpan, text) ? positions : null;
    }

    public Position? Find(ReadOnlySpan<byte> channel)
    {
        int at = IndexOf(KeyOf(channel));
        return at >= 0 ? new Position(_entries[at].Epoch, _entries[at].Seq) : null;
    }

    /// <returns>False when there is no room for another channel, or the epoch is none that can be written.</returns>
    public bool Set(ReadOnlySpan<byte> channel, Position position)
    {
        if (position.Epoch.Length is 0 or > MaxEpochBytes || !Ascii.IsValid(position.Epoch))
            return false;
        ulong key = KeyOf(channel);
        int at = IndexOf(key);
        var entry = new Entry(key, position.Epoch, position.Seq);
        if (at >= 0)
            _entries[at] = entry;
        else if (_entries.Count < MaxChannels)
            _entries.Add(entry);
        else
            return false;
        return true;
    }

    /// <summary>Moves a channel's position on within its epoch.</summary>
    /// <returns>False for a channel without a position.</returns>
    public bool Advance(ReadOnlySpan<byte> channel, long seq)
    {
        int at = IndexOf(KeyOf(channel));
        if (at >= 0)
            _entries[at] = _entries[at] with { Seq = seq };
        return at >= 0;
    }

    /// <returns>False for a channel without a position.</returns>
    public bool Remove(ReadOnlySpan<byte> channel)
    {
        ulong key = KeyOf(channel);
        return _entries.RemoveAll(entry => entry.Key == key) > 0;
    }

    /// <summary>Writes the text, in base64url.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        if (_bytes.Length < 1 + (_entries.Count * MaxEntryBytes))
            _bytes = new byte[1 + (_entries.Count * MaxEntryBytes)];
        _bytes[0] = Version;
        int length = 1;
        foreach (var entry in _entries)
            length += entry.Write(_bytes.AsSpan(length));
        var text = output.GetSpan(Base64Url.GetEncodedLength(length));
        output.Advance(Base64Url.EncodeToUtf8(_bytes.AsSpan(0, length), text));
    }

    private bool TryRead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || bytes[0] != Version)
            return false;
        bytes = bytes[1..];
        while (!bytes.IsEmpty)
        {
            if (_entries.Count == MaxChannels || !Entry.TryRead(ref bytes, out var entry) || IndexOf(entry.Key) >= 0)
                return false;
            _entries.Add(entry);
        }
        return true;
    }

    private int IndexOf(ulong key)
    {
        for (int i = 0; i < _entries.Count; i++)
        {
            if (_entries[i].Key == key)
                return i;
        }
        return -1;
    }

    /// <summary>A cryptographic hash: two names with the same one would take each other's position.</summary>
    private static ulong KeyOf(ReadOnlySpan<byte> channel)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(channel, hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }

    private readonly record struct Entry(ulong Key, string Epoch, long Seq)
    {
        public int Write(Span<byte> output)
        {
            BinaryPrimitives.WriteUInt64BigEndian(output, Key);
            int at = sizeof(ulong);
            long rest = Seq;
            for (; rest > 0x7F; rest >>= 7)
                output[at++] = (byte)(rest | 0x80);
            output[at++] = (byte)rest;
            output[at++] = (byte)Epoch.Length;
            return at + Encoding.ASCII.GetBytes(Epoch, output[at..]);
        }

        public static bool TryRead(ref ReadOnlySpan<byte> bytes, out Entry entry)
        {
            entry = default;
            if (!BinaryPrimitives.TryReadUInt64BigEndian(bytes, out ulong key))
                return false;
            int at = sizeof(ulong);
            long seq = 0;
            for (int shift = 0; ; shift += 7)
            {
                if (shift > 56 || at >= bytes.Length)
                    return false;
                seq |= (long)(bytes[at] & 0x7F) << shift;
                if (bytes[at++] <= 0x7F)
                    break;
            }
            if (at >= bytes.Length || bytes[at] is 0 or > MaxEpochBytes || bytes.Length <= at + bytes[at])
                return false;
            var epoch = bytes.Slice(at + 1, bytes[at]);
            if (!Ascii.IsValid(epoch))
                return false;
            entry = new Entry(key, Encoding.ASCII.GetString(epoch), seq);
            bytes = bytes[(at + 1 + epoch.Length)..];
            return true;
        }
    }
}
