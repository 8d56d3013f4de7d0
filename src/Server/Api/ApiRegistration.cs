using System.Text.Json.Serialization;
using Gateway.Server.Listening;

namespace Gateway.Server.Api;

/// <summary>Registers the API. Stateless.</summary>
internal static class ApiRegistration
{
    public static IServiceCollection AddApi(this IServiceCollection services) => services
        .AddSingleton<ApiAccess>()
        .AddSingleton<ApiHandler>()
        .AddSingleton<PublishOperations>()
        .AddSingleton<ConnectionOperations>()
        .AddSingleton<BatchOperation>()
        .AddSingleton<ChannelQueries>()
        .AddSingleton<NodeQueries>()
        .AddSingleton<IPortEndpoints, ApiEndpoints>();

    /// <summary>
    /// Adds the API's description to the server of the gateway's own ports, which has its own JSON settings and its own documents.
    /// </summary>
    public static void AddDescription(IServiceCollection server)
    {
        // Otherwise the description says that numbers may be strings.
        server.ConfigureHttpJsonOptions(json => json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict);
        server.AddOpenApi("v1", description =>
        {
            description.ShouldInclude = endpoint => endpoint.RelativePath!.StartsWith("api/", StringComparison.Ordinal);
            description.AddDocumentTransformer((document, _, _) =>
            {
                document.Info.Title = "Gateway";
                return Task.CompletedTask;
            });
        });
    }
}
