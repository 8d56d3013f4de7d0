using System.Text.RegularExpressions;
using Gateway.Server.Cluster;
using Gateway.Server.Listening;
using Microsoft.AspNetCore.Mvc;
using Microsoft.OpenApi;

namespace Gateway.Server.Api;

/// <summary>The paths of the API, and their description in <c>/openapi/v1.json</c>. Mapped once, before the ports open.</summary>
internal sealed partial class ApiEndpoints(
    ApiHandler handler, PublishOperations publishing, ConnectionOperations connections, BatchOperation batch, ChannelQueries channels,
    NodeQueries nodes) : IPortEndpoints
{
    private const string Json = "application/json";

    public void Map(IEndpointRouteBuilder routes)
    {
        Post<PublishBody, PublishReply>(
            "publish", "Publish a message to a channel", publishing.Publish, takesBytes: true, StatusCodes.Status504GatewayTimeout);
        Post<BroadcastBody, PublishReplies>("broadcast", "Publish a message to several channels", publishing.Broadcast);
        Post<BatchBody, BatchReplies>("batch", "Do several commands in order", batch.Batch);
        Post<SubscribeBody, ActionReply>("subscribe", "Subscribe connections to a channel", connections.Subscribe);
        Post<SubscribeBody, ActionReply>("unsubscribe", "Unsubscribe connections from a channel", connections.Unsubscribe);
        Post<DisconnectBody, ActionReply>("disconnect", "Close connections with 4003", connections.Disconnect);
        Get<ChannelList>("channels", "channels", "List the channels with subscribers", channels.ListAsync,
            ("prefix", JsonSchemaType.String), ("after", JsonSchemaType.String), ("limit", JsonSchemaType.Integer));
        Get<ChannelDetails>("channel", "channels/{channel}", "Tell about a channel", channels.DescribeAsync);
        Get<PresenceReply>("presence", "channels/{channel}/presence", "Tell who is in a channel", channels.PresenceAsync);
        Get<HistoryReply>("history", "channels/{channel}/history", "Read a channel's history", channels.HistoryAsync,
            ("after", JsonSchemaType.Integer), ("before", JsonSchemaType.Integer), ("limit", JsonSchemaType.Integer));
        Get<NodeList>("nodes", "nodes", "List the nodes", nodes.ListAsync);
        Get<StatsReply>("stats", "stats", "Read the metrics of all nodes", nodes.StatsAsync);
        Get<EventsReply>("events", "events", "List recent refusals and slow consumers", nodes.EventsAsync);
        Get<ConnectionDetails>("connection", "connections/{id}", "Tell about a connection", nodes.ConnectionAsync);
        routes.Map("/api/{**path}", handler.Query("unknown", request => new(ApiProblem.NoOperation(request)))).ExcludeFromDescription();
        routes.MapOpenApi();

        void Post<TBody, TReply>(string name, string summary, ApiOperation operation, bool takesBytes = false, params int[] more)
        {
            var command = handler.Command(name, operation, takesBytes);
            Describe<TReply>(routes.MapPost("/api/" + name, command), command, name, summary)
                .WithMetadata([Problem(StatusCodes.Status413PayloadTooLarge), .. more.Select(Problem)])
                // Not as metadata: that would refuse other content types, with an answer that is none of ours.
                .AddOpenApiOperationTransformer(async (operation, context, cancellation) =>
                {
                    var schema = await context.GetOrCreateSchemaAsync(typeof(TBody), null, cancellation).ConfigureAwait(false);
                    var content = new Dictionary<string, OpenApiMediaType> { [Json] = new() { Schema = schema } };
                    operation.RequestBody = new OpenApiRequestBody { Required = true, Content = content };
                    if (!takesBytes)
                        return;
                    var bytes = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" };
                    content.Add(ApiHandler.Bytes, new() { Schema = bytes });
                    operation.Parameters =
                    [
                        .. Array.ConvertAll(
                            ["channel", "key", "sender"], field => Parameter(field, JsonSchemaType.String, ParameterLocation.Query)),
                    ];
                });
        }

        void Get<TReply>(
            string name, string path, string summary, Func<HttpRequest, ValueTask<ApiReply>> query,
            params (string Name, JsonSchemaType Type)[] parameters)
        {
            var request = handler.Query(name, query);
            var endpoint = Describe<TReply>(routes.MapGet("/api/" + path, request), request, name, summary);
            endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
            {
                operation.Parameters =
                [
                    .. InPath().Matches(path).Select(
                        match => Parameter(match.Groups[1].Value, JsonSchemaType.String, ParameterLocation.Path)),
                    .. parameters.Select(parameter => Parameter(parameter.Name, parameter.Type, ParameterLocation.Query)),
                ];
                return Task.CompletedTask;
            });
        }
    }

    /// <summary>Handlers that do their own reading and writing have nothing that could be described but what is said here.</summary>
    private static IEndpointConventionBuilder Describe<TReply>(
        IEndpointConventionBuilder endpoint, RequestDelegate handler, string name, string summary)
    {
        endpoint.WithMetadata(handler.Method).WithName(name).WithSummary(summary).WithTags("api");
        endpoint.WithMetadata(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(TReply), [Json]));
        endpoint.WithMetadata(
            Problem(StatusCodes.Status400BadRequest), Problem(StatusCodes.Status401Unauthorized),
            Problem(StatusCodes.Status503ServiceUnavailable));
        return endpoint;
    }

    private static ProducesResponseTypeMetadata Problem(int status) => new(status, typeof(ProblemDetails), [ApiProblem.ContentType]);

    private static OpenApiParameter Parameter(string name, JsonSchemaType type, ParameterLocation place) =>
        new() { Name = name, In = place, Required = place == ParameterLocation.Path, Schema = new OpenApiSchema { Type = type } };

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex InPath();
}
