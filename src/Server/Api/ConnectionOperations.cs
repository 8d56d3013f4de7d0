using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Channels;
using Gateway.Server.Cluster;
using Gateway.Server.Naming;

namespace Gateway.Server.Api;

/// <summary>
/// What is done to connections, on whatever node they are: <c>subscribe</c>, <c>unsubscribe</c> and <c>disconnect</c>. Safe for any thread.
/// </summary>
internal sealed class ConnectionOperations(Namespaces namespaces, NodeRegistry nodes)
{
    private const int MaxIdBytes = 255;

    /// <summary>What fits into a close frame beside the code (RFC 6455 section 5.5).</summary>
    private const int MaxReasonBytes = 123;

    public ValueTask<ApiReply> Subscribe(in ApiFields fields) => Act(NodeRequest.Subscribe, fields, needsChannel: true);

    public ValueTask<ApiReply> Unsubscribe(in ApiFields fields) => Act(NodeRequest.Unsubscribe, fields, needsChannel: true);

    public ValueTask<ApiReply> Disconnect(in ApiFields fields) => Act(NodeRequest.Disconnect, fields, needsChannel: false);

    private ValueTask<ApiReply> Act(string action, in ApiFields fields, bool needsChannel)
    {
        if (!ApiFields.TryText(fields.User, MaxIdBytes, out string? user))
            return new(ApiProblem.Bad("user", $"'user' must be a string of 1 to {MaxIdBytes} bytes"));
        if (!ApiFields.TryText(fields.Connection, MaxIdBytes, out string? connection))
            return new(ApiProblem.Bad("connection", $"'connection' must be a string of 1 to {MaxIdBytes} bytes"));
        if (user is null == connection is null)
            return new(ApiProblem.Bad("user", "either 'user' or 'connection' must be given"));
        if (!ApiFields.TryText(fields.Reason, MaxReasonBytes, out string? reason))
            return new(ApiProblem.Bad("reason", $"'reason' must be a string of 1 to {MaxReasonBytes} bytes"));
        string? channel = null;
        if (needsChannel)
        {
            string problem = "must be a string";
            if (!JsonValue.TryReadString(fields.Channel, out var name) || namespaces.TryName(name, out problem) is null)
                return new(ApiProblem.Bad("channel", $"'channel': {problem}"));
            channel = Encoding.UTF8.GetString(name);
        }
        return AskAsync(new NodeRequest(action) { User = user, Connection = connection, Channel = channel, Reason = reason });
    }

    private async ValueTask<ApiReply> AskAsync(NodeRequest request)
    {
        if (await nodes.AskAsync(request).ConfigureAwait(false) is not { } result)
            return ApiProblem.Busy;
        var done = new ActionReply(
            result.Answers.Sum(answer => answer.Connections), result.Answers.Sum(answer => answer.Failed), result.Missing);
        return ApiReply.Ok(done, ApiJson.Default.ActionReply);
    }
}
