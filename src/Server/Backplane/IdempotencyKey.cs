using System.Buffers.Binary;
using Gateway.Protocol.Messages;

namespace Gateway.Server.Backplane;

/// <summary>
/// A publisher's idempotency key, and whose it is: equal keys of different owners have nothing to do with each other. <c>default</c> is
/// none. Points into the memory it was made of.
/// </summary>
internal readonly ref struct IdempotencyKey
{
    private readonly byte _kind;
    private readonly ReadOnlySpan<byte> _owner;
    private readonly ReadOnlySpan<byte> _key;

    private IdempotencyKey(char kind, ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key)
    {
        _kind = (byte)kind;
        _owner = owner;
        _key = key;
    }

    public bool IsEmpty => _key.IsEmpty;

    /// <summary>All connections of a user share their keys.</summary>
    public static IdempotencyKey OfUser(Utf8Text user, ReadOnlySpan<byte> key) => new('u', user.Span, key);

    /// <summary>Somebody without a token has them for one connection.</summary>
    /// <param name="name">The name that only this connection has.</param>
    /// <param name="key">As the client wrote it.</param>
    public static IdempotencyKey OfConnection(Utf8Text name, ReadOnlySpan<byte> key) => new('c', name.Span, key);

    /// <summary>Somebody without a token or a connection has them with all others of the address.</summary>
    public static IdempotencyKey OfAddress(ReadOnlySpan<byte> address, ReadOnlySpan<byte> key) => new('p', address, key);

    /// <summary>The API is one owner, whatever senders it names.</summary>
    public static IdempotencyKey OfApi(ReadOnlySpan<byte> key) => new('a', [], key);

    /// <summary>The key with its owner as bytes; those of two keys are equal only if both are.</summary>
    public byte[] ToArray()
    {
        byte[] bytes = new byte[3 + _owner.Length + _key.Length];
        bytes[0] = _kind;
        // Owners and keys may hold any byte, so nothing could stand between them but this.
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(1), checked((ushort)_owner.Length));
        _owner.CopyTo(bytes.AsSpan(3));
        _key.CopyTo(bytes.AsSpan(3 + _owner.Length));
        return bytes;
    }
}
