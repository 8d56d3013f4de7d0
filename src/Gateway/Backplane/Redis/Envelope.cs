using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Gateway.Protocol.Messages;

namespace Gateway.Backplane.Redis;

/// <summary>
/// For one thread; points into the bytes it was read from. What goes through pub/sub: a kind, for positioned messages the first
/// one's position (seq as 8 bytes, epoch with its length in one), and the messages' records or the presence change.
/// </summary>
internal readonly ref struct Envelope
{
    private const int PositionBytes = 9;

    /// <summary>Of a presence change, before the user: both versions, whether joined, count, and the user's length.</summary>
    private const int ChangeBytes = 8 + 8 + 1 + 4 + 2;

    public EnvelopeKind Kind { get; private init; }

    /// <summary>The first message's; 0 without a position.</summary>
    public long Seq { get; private init; }

    public ReadOnlySpan<byte> Epoch { get; private init; }

    /// <summary>The bodies, in order.</summary>
    public MessageRecords Records { get; private init; }

    /// <summary>The change, where <see cref="Kind"/> is <see cref="EnvelopeKind.Presence"/>.</summary>
    public PresenceChange Change { get; private init; }

    /// <summary>The version that the change follows.</summary>
    public long Before { get; private init; }

    /// <summary>False for what this version cannot read.</summary>
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
                return true;
            case EnvelopeKind.PositionedMessage:
                if (rest.Length < PositionBytes || rest.Length < PositionBytes + rest[8])
                    return false;
                long seq = BinaryPrimitives.ReadInt64BigEndian(rest);
                envelope = new Envelope
                {
                    Kind = EnvelopeKind.PositionedMessage,
                    Seq = seq,
                    Epoch = rest.Slice(PositionBytes, rest[8]),
                    Records = new MessageRecords(rest[(PositionBytes + rest[8])..]),
                };
                return seq > 0;
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
        int user = BinaryPrimitives.ReadUInt16BigEndian(rest[(ChangeBytes - 2)..]);
        if (rest.Length < ChangeBytes + user)
            return false;
        var present = new PresentUser(Encoding.UTF8.GetString(rest.Slice(ChangeBytes, user)), rest[(ChangeBytes + user)..].ToArray());
        long version = BinaryPrimitives.ReadInt64BigEndian(rest[8..]);
        envelope = new Envelope
        {
            Kind = EnvelopeKind.Presence,
            Before = BinaryPrimitives.ReadInt64BigEndian(rest),
            Change = new PresenceChange(present, rest[16] != 0, BinaryPrimitives.ReadInt32BigEndian(rest[17..]), version),
        };
        return true;
    }
}
