using Gateway.Server.Cluster;

namespace Gateway.Server.Api;

/// <summary>What the API tells of nodes and connections. Safe for any thread.</summary>
internal sealed class NodeQueries(NodeRegistry nodes)
{
    public ValueTask<ApiReply> ListAsync(HttpRequest request) =>
        new(ApiReply.Ok(new NodeList(nodes.All, nodes.Missing), ApiJson.Default.NodeList));

    public async ValueTask<ApiReply> StatsAsync(HttpRequest request)
    {
        if (await nodes.AskAsync(new NodeRequest(NodeRequest.Stats)).ConfigureAwait(false) is not { } result)
            return ApiProblem.Busy;
        var stats = result.Answers.Select(answer => answer.Stats).OfType<NodeStats>().OrderBy(node => node.Node, StringComparer.Ordinal);
        return ApiReply.Ok(new StatsReply([.. stats], result.Missing), ApiJson.Default.StatsReply);
    }

    public async ValueTask<ApiReply> EventsAsync(HttpRequest request)
    {
        if (await nodes.AskAsync(new NodeRequest(NodeRequest.Events)).ConfigureAwait(false) is not { } result)
            return ApiProblem.Busy;
        var events = result.Answers.Select(answer => answer.Events).OfType<NodeEvents>().OrderBy(node => node.Node, StringComparer.Ordinal);
        return ApiReply.Ok(new EventsReply([.. events], result.Missing), ApiJson.Default.EventsReply);
    }

    public async ValueTask<ApiReply> ConnectionAsync(HttpRequest request)
    {
        string id = (string)request.RouteValues["id"]!;
        if (await nodes.AskAsync(new NodeRequest(NodeRequest.Look) { Connection = id }).ConfigureAwait(false) is not { } result)
            return ApiProblem.Busy;
        return result.Answers.Select(answer => answer.Connection).FirstOrDefault(found => found is not null) is { } details
            ? ApiReply.Ok(details, ApiJson.Default.ConnectionDetails)
            : ApiProblem.NoConnection(result.Missing);
    }
}
