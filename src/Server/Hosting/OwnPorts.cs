using Gateway.Server.Api;
using Gateway.Server.Listening;
using Gateway.Server.Options;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Gateway.Server.Hosting;

/// <summary>
/// The ports that the gateway listens on itself, <c>Gateway:Public</c> and <c>Gateway:Internal</c>. Run by the host, after everything that
/// the ports serve.
/// </summary>
/// <remarks>
/// They have a server, a container and a pipeline of their own. So the JSON settings, routes, documents and listeners of the application
/// that embeds the gateway are not the gateway's, and the other way round; only the log is shared.
/// </remarks>
internal sealed class OwnPorts(
    GatewayOptions options, IServiceProvider gateway, IEnumerable<IPortEndpoints> endpoints, ILoggerFactory logs)
    : IHostedService, IAsyncDisposable
{
    private WebApplication? _server;
    private IReadOnlyList<string> _addresses = [];

    /// <summary>
    /// The address of the public port, with the port that the system chose; null before the start, and where there is none.
    /// </summary>
    public string? Public => options.Public is null || _addresses.Count == 0 ? null : _addresses[0];

    /// <summary>The address of the operator's port; null before the start, and where there is none.</summary>
    public string? Internal => options.Internal is null || _addresses.Count == 0 ? null : _addresses[^1];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Public is null && options.Internal is null)
            return;
        _server = Build();
        await _server.StartAsync(cancellationToken).ConfigureAwait(false);
        _addresses = [.. _server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
    }

    public Task StopAsync(CancellationToken cancellationToken) => _server?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? default;

    private WebApplication Build()
    {
        // In .NET's "Development" a stack trace would be shown to whoever makes a request fail.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production });
        KestrelSetup.Configure(builder.WebHost, gateway);
        builder.Services.AddRouting();
        ApiRegistration.AddDescription(builder.Services);
        builder.Services.AddSingleton<ILoggerFactory>(new HttpServerLogs(logs));
        // The process's signals are the application's, and so is its deadline for stopping.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Timeout.InfiniteTimeSpan);
        var server = builder.Build();
        server.Use(ServeAsync);
        foreach (var mapped in endpoints)
            mapped.Map(server);
        return server;
    }

    private static async Task ServeAsync(HttpContext context, RequestDelegate next)
    {
        var activity = context.Features.Get<IdleHttp.HttpActivity>();
        activity?.BeginRequest();
        try
        {
            // HTTP code may block or take long, which a socket thread must not.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            if (InternalPort.Serves(context))
                await next(context).ConfigureAwait(false);
            else
                context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
        finally
        {
            activity?.EndRequest();
        }
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
