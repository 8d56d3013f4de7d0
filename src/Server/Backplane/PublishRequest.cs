using System.Text.Json;

namespace Gateway.Server.Backplane;

/// <summary>A message on its way into the backplane. Its spans are read before <see cref="IBackplane.PublishAsync"/> returns, never after.</summary>
internal readonly ref struct PublishRequest
{
    /// <summary>The raw JSON of <c>content</c>.</summary>
    public ReadOnlySpan<byte> Content { get; init; }

    /// <summary>The user id, encoded for JSON; <c>default</c> when nobody is to be named.</summary>
    public JsonEncodedText Sender { get; init; }

    /// <summary>With it, a message that was published before in the same channel is not published again.</summary>
    public IdempotencyKey Key { get; init; }

    /// <summary>The id of the connection that must not get the message back; null for none.</summary>
    public string? Except { get; init; }

    /// <summary>The <c>traceparent</c> of what causes it (W3C Trace Context); null where nobody traces.</summary>
    public string? Trace { get; init; }
}
