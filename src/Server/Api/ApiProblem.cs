using System.Collections.Frozen;
using System.Text.Json;
using Gateway.Server.Naming;

namespace Gateway.Server.Api;

/// <summary>
/// Immutable values: every error of the API, as <c>application/problem+json</c> (RFC 9457) with the field at fault where there is one.
/// </summary>
internal static class ApiProblem
{
    public const string ContentType = "application/problem+json";

    private static readonly FrozenDictionary<int, string> Titles = new Dictionary<int, string>
    {
        [400] = "Bad Request",
        [401] = "Unauthorized",
        [403] = "Forbidden",
        [404] = "Not Found",
        [408] = "Request Timeout",
        [413] = "Content Too Large",
        [500] = "Internal Server Error",
        [503] = "Service Unavailable",
        [504] = "Gateway Timeout",
    }.ToFrozenDictionary();

    public static readonly ApiReply Unauthorized = Of(401, "a valid key is needed: Authorization: Bearer <key>");

    public static readonly ApiReply NotLocal = Of(
        403, "no key is configured, so that only programs on this machine are let in: set Gateway:Api:Keys");

    public static readonly ApiReply Unavailable = Of(503, "the backplane is out of reach; nothing was done");

    public static readonly ApiReply Busy = Of(503, "too many requests to all nodes are under way");

    public static readonly ApiReply Internal = Of(500, "internal error; the log has more");

    public static ApiReply BodyTooLarge(int limit) => Of(413, $"the body is larger than {limit} bytes (Gateway:Api:BodyBytes)", "body");

    public static ApiReply Bad(string field, string problem) => Of(400, problem, field);

    public static ApiReply NoOperation(HttpRequest request) =>
        Of(404, $"there is no {request.Method} of {request.Path}; see /openapi/v1.json");

    public static ApiReply NoConnection(IReadOnlyList<string> missing) => Of(404, missing.Count == 0
        ? "no node has this connection"
        : $"no node that answered has this connection; not heard of: {string.Join(", ", missing)}");

    public static ApiReply NotPublished(ChannelName channel) =>
        Of(503, "the backplane is out of reach; the message was not published", writer => writer.WriteString("channel"u8, channel.Json));

    public static ApiReply Unconfirmed(ChannelName channel) => Of(
        504,
        "the backplane did not answer in time; the message may have been published, and is published once if it is sent again "
        + "with the same key",
        writer => writer.WriteString("channel"u8, channel.Json));

    public static ApiReply Of(int status, string detail, string? field = null) => Of(status, detail, writer =>
    {
        if (field is not null)
            writer.WriteString("field"u8, field);
    });

    private static ApiReply Of(int status, string detail, Action<Utf8JsonWriter> more) => ApiReply.Object(status, writer =>
    {
        writer.WriteString("type"u8, "about:blank"u8);
        writer.WriteString("title"u8, Titles.GetValueOrDefault(status, "Error"));
        writer.WriteNumber("status"u8, status);
        writer.WriteString("detail"u8, detail);
        more(writer);
    });
}
