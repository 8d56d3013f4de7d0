using Gateway.Protocol.Messages;
using Gateway.Server.Naming;

namespace Gateway.Server.Channels;

/// <summary>A message in a <see cref="MessageBatch"/> that no encoding has been asked for yet. Immutable.</summary>
/// <param name="Kind">The payload's kind.</param>
/// <param name="Start">Offset of the payload in the batch's bytes.</param>
/// <param name="Length">Bytes of the payload.</param>
internal readonly record struct LoggedMessage(PayloadKind Kind, int Start, int Length)
{
    public Utf8Text Sender { get; init; }

    public string? Epoch { get; init; }

    public long Seq { get; init; }

    public long Time { get; init; }

    public ConnectionId? Except { get; init; }

    /// <summary>A presence change or snapshot, which has no payload; null for a message.</summary>
    public PresenceMessage? Presence { get; init; }

    /// <summary>The subscribers that a presence message is for; null for all others.</summary>
    public PresenceAudience? Audience { get; init; }
}
