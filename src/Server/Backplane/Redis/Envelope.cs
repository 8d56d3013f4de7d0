using System.Buffers.Binary;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// A message of a channel's pub/sub: a kind, for positioned messages the first one's position (seq as 8 bytes, epoch with its length in
/// one), and the messages' records or the presence change. It points into the bytes that it was read from.
/// </summary>
internal readonly ref struct Envelope
{
    private const int PositionBytes = 9;

    /// <summary>The largest number up to which Lua and JavaScript can count every integer.</summary>
    private const long MaxNumber = (1L << 53) - 1;

    /// <summary>
    /// The bytes of a presence change before the user: both versions, whether the user joined, count, and the lengths of the user's id and
    /// info.
    /// </summary>
    private const int ChangeBytes = 8 + 8 + 1 + 4 + 2 + 4;

    public EnvelopeKind Kind { get; private init; }

    /// <summary>The first message's seq; 0 without a position.</summary>
    public long Seq { get; private init; }

    public ReadOnlySpan<byte> Epoch { get; private init; }

    /// <summary>The messages' bodies, in order.</summary>
    public MessageRecords Records { get; private init; }

    /// <summary>The change, where <see cref="Kind"/> is <see cref="EnvelopeKind.Presence"/>.</summary>
    public PresenceChange Change { get; private init; }

    /// <summary>The version that the change follows.</summary>
    public long Before { get; private init; }

    /// <summary>
    /// Reads an envelope. False for anything that no gateway of this version wrote or that is not complete. Nothing of that may be used.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Envelope envelope)
    {
        envelope = default;
        if (bytes.IsEmpty)
            return false;
        var rest = bytes[1..];
        switch ((EnvelopeKind)bytes[0])
        {
            case EnvelopeKind.Message:
                envelope = new Envelope { Kind = EnvelopeKind.Message, Records = new MessageRecords(rest) };
                return MessageRecords.AreWhole(rest, out _);
            case EnvelopeKind.PositionedMessage:
                if (rest.Length < PositionBytes || rest.Length < PositionBytes + rest[8])
                    return false;
                long seq = BinaryPrimitives.ReadInt64BigEndian(rest);
                var records = rest[(PositionBytes + rest[8])..];
                envelope = new Envelope
                {
                    Kind = EnvelopeKind.PositionedMessage,
                    Seq = seq,
                    Epoch = rest.Slice(PositionBytes, rest[8]),
                    Records = new MessageRecords(records),
                };
                return seq > 0 && MessageRecords.AreWhole(records, out int count) && seq <= MaxNumber - count;
            case EnvelopeKind.Presence:
                return TryReadPresence(rest, out envelope);
            default:
                return false;
        }
    }

    private static bool TryReadPresence(ReadOnlySpan<byte> rest, out Envelope envelope)
    {
        envelope = default;
        if (rest.Length < ChangeBytes)
            return false;
        long before = BinaryPrimitives.ReadInt64BigEndian(rest);
        long version = BinaryPrimitives.ReadInt64BigEndian(rest[8..]);
        byte joined = rest[16];
        int count = BinaryPrimitives.ReadInt32BigEndian(rest[17..]);
        int user = BinaryPrimitives.ReadUInt16BigEndian(rest[21..]);
        long info = BinaryPrimitives.ReadUInt32BigEndian(rest[23..]);
        if (before < 0 || version <= before || version > MaxNumber || joined > 1 || count < 0 || rest.Length != ChangeBytes + user + info
            || !PresenceRecord.TryRead(rest.Slice(ChangeBytes, user), rest[(ChangeBytes + user)..], out var present))
            return false;
        envelope = new Envelope
        {
            Kind = EnvelopeKind.Presence,
            Before = before,
            Change = new PresenceChange(present, joined != 0, count, version),
        };
        return true;
    }
}
