using System.Text.Json;

namespace Gateway.Server.Api;

// The bodies and answers of the API that are read and written as bytes. These types are never made: /openapi/v1.json is derived from them,
// and their summaries are its descriptions.

/// <summary>A message for one channel.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Content">The content: any JSON. It may be left out where there are attachments.</param>
/// <param name="Attachments">Up to 16 byte strings in base64.</param>
/// <param name="Key">An idempotency key: the same one again publishes nothing.</param>
/// <param name="Sender">The user that subscribers see as the sender.</param>
internal sealed record PublishBody(
    string Channel, JsonElement? Content = null, IReadOnlyList<string>? Attachments = null, string? Key = null, string? Sender = null);

/// <summary>The answer to a publish. The position is given in a namespace with history.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Epoch">The epoch of the position.</param>
/// <param name="Seq">The number of the message within the epoch.</param>
internal sealed record PublishReply(string Channel, string? Epoch = null, long? Seq = null);

/// <summary>A message for several channels.</summary>
/// <param name="Channels">The channels.</param>
/// <param name="Content">The content: any JSON. It may be left out where there are attachments.</param>
/// <param name="Attachments">Up to 16 byte strings in base64.</param>
/// <param name="Key">An idempotency key, of each channel by itself.</param>
/// <param name="Sender">The user that subscribers see as the sender.</param>
internal sealed record BroadcastBody(
    IReadOnlyList<string> Channels, JsonElement? Content = null, IReadOnlyList<string>? Attachments = null, string? Key = null,
    string? Sender = null);

/// <summary>
/// The answers to a broadcast, in the order of its channels. A channel that did not take the message has a problem in its place.
/// </summary>
internal sealed record PublishReplies(IReadOnlyList<PublishReply> Results);

/// <summary>Several commands, done in order.</summary>
internal sealed record BatchBody(IReadOnlyList<BatchCommand> Commands);

/// <summary>
/// One command of a batch. Its type is the name of an operation, and decides which of the other fields it has.
/// </summary>
internal sealed record BatchCommand(
    string Type, string? Channel = null, IReadOnlyList<string>? Channels = null, JsonElement? Content = null,
    IReadOnlyList<string>? Attachments = null, string? Key = null, string? Sender = null, string? User = null,
    string? Connection = null, string? Reason = null);

/// <summary>The answers to a batch: for each command the one that it would have been given alone.</summary>
internal sealed record BatchReplies(IReadOnlyList<JsonElement> Results);

/// <summary>A channel, and the connections to subscribe to it or unsubscribe from it: all of a user, or one.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="User">The user of the connections.</param>
/// <param name="Connection">The id of the connection, instead of a user.</param>
/// <param name="Reason">The reason that the client is given.</param>
internal sealed record SubscribeBody(string Channel, string? User = null, string? Connection = null, string? Reason = null);

/// <summary>The connections to close: all of a user, or one.</summary>
/// <param name="User">The user of the connections.</param>
/// <param name="Connection">The id of the connection, instead of a user.</param>
/// <param name="Reason">The reason that the client is given.</param>
internal sealed record DisconnectBody(string? User = null, string? Connection = null, string? Reason = null);

/// <summary>The users in a channel.</summary>
/// <param name="Type">Always <c>presence</c>.</param>
/// <param name="Channel">The channel.</param>
/// <param name="Count">The number of users.</param>
/// <param name="Users">Their ids; missing when there are more than <c>Presence:MaxUsers</c>.</param>
/// <param name="Info">The <c>info</c> of those whose token has one, by user.</param>
internal sealed record PresenceReply(
    string Type, string Channel, int Count, IReadOnlyList<string>? Users = null, IReadOnlyDictionary<string, JsonElement>? Info = null);

/// <summary>A part of a channel's history.</summary>
/// <param name="Type">Always <c>history</c>.</param>
/// <param name="Channel">The channel.</param>
/// <param name="Epoch">The epoch of the messages' numbers.</param>
/// <param name="Messages">The messages.</param>
/// <param name="More">Whether there are more in the direction that was asked for.</param>
internal sealed record HistoryReply(string Type, string Channel, string Epoch, IReadOnlyList<HistoryMessage> Messages, bool More);

/// <summary>One message of a history.</summary>
/// <param name="Type">Always <c>message</c>.</param>
/// <param name="Channel">The channel.</param>
/// <param name="Seq">The number of the message within the epoch.</param>
/// <param name="Time">When it was published, in Unix milliseconds.</param>
/// <param name="Content">The content: any JSON. Missing in a message that has attachments alone.</param>
/// <param name="Attachments">The attachments in base64, if any.</param>
/// <param name="Sender">The user who published it, if any.</param>
internal sealed record HistoryMessage(
    string Type, string Channel, long Seq, long Time, JsonElement? Content = null, IReadOnlyList<string>? Attachments = null,
    string? Sender = null);
