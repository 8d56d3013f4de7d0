using System.Text.Json.Serialization;
using Gateway.Pages;
using Gateway.Server.Admission;
using Gateway.Server.Api;
using Gateway.Server.Application;
using Gateway.Server.Application.Hooks;
using Gateway.Server.Audit;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Backplane.Memory;
using Gateway.Server.Backplane.Redis;
using Gateway.Server.Channels;
using Gateway.Server.Clock;
using Gateway.Server.Cluster;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Dialects.Echo;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Export;
using Gateway.Server.Export.Prometheus;
using Gateway.Server.Health;
using Gateway.Server.Hosting;
using Gateway.Server.Hosting.Settings;
using Gateway.Server.Http;
using Gateway.Server.Http.Streams;
using Gateway.Server.Listening;
using Gateway.Server.Listening.Tls;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;
using Gateway.Server.Options;
using Gateway.Server.Sessions;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Console;

namespace Gateway;

/// <summary>Stateless. Puts a node together: every service, both ports, nothing started yet.</summary>
internal static class GatewayHost
{
    /// <param name="args">Command line, as <c>--Gateway:Public=http://…</c>.</param>
    /// <param name="configure">Changes to the services, for tests.</param>
    /// <exception cref="OptionsProblemsException">The configuration cannot be used.</exception>
    public static WebApplication Build(string[] args, Action<IServiceCollection>? configure = null)
    {
        // Settings are read once. Watching their files for changes would take an inotify watch for every folder below the current one.
        var builder = WebApplication.CreateBuilder(["--hostBuilder:reloadConfigOnChange=false", .. args]);
        // appsettings.<environment>.json has been read. In .NET's "Development" a stack trace would be shown to whoever makes a request fail.
        builder.Environment.EnvironmentName = Environments.Production;
        var options = GatewayOptionsReader.Read(builder.Configuration);
        ConfigureLogging(builder.Logging);
        ConfigurePorts(builder.WebHost, options);
        AddServices(builder.Services, options);
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        MapHttp(app);
        var clock = app.Services.GetRequiredService<GatewayClock>();
        clock.Add(app.Services.GetRequiredService<ConnectionTable>());
        clock.Add(app.Services.GetRequiredService<HandshakeDeadlines>());
        clock.Add(app.Services.GetRequiredService<IdleHttp>());
        clock.Add(app.Services.GetRequiredService<KeySet>());
        clock.Add(app.Services.GetRequiredService<HandshakeRates>());
        clock.Add(app.Services.GetRequiredService<PublishRates>());
        clock.Add(app.Services.GetRequiredService<AuditLog>());
        clock.Add(app.Services.GetRequiredService<RecentEvents>());
        if (app.Services.GetRequiredService<GatewayOptions>().Public.IsTls)
            clock.Add(app.Services.GetRequiredService<ServerCertificate>());
        if (app.Services.GetRequiredService<IBackplane>() is ITickHandler swept)
            clock.Add(swept);
        return app;
    }

    private static void AddServices(IServiceCollection services, GatewayOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton<NodeMetrics>();
        services.AddSingleton<PrometheusExporter>();
        services.AddSingleton<INodeMetrics>(provider => provider.GetRequiredService<PrometheusExporter>());
        if (OtlpExport.IsConfigured)
            services.AddHostedService<OtlpExport>();
        services.AddSingleton<GatewayClock>();
        services.AddSingleton<BackplaneMetrics>();
        services.AddSingleton<BrokenRecords>();
        if (options.Redis.Addresses.Count > 0)
            services.AddSingleton<IBackplane, RedisBackplane>().AddSingleton<INodeBus, RedisNodeBus>();
        else
            services.AddSingleton<IBackplane, MemoryBackplane>().AddSingleton<INodeBus, MemoryNodeBus>();
        services.AddSingleton<Namespaces>();
        services.AddSingleton<PresenceGatherer>();
        services.AddSingleton<ChannelTable>();
        services.AddSingleton(new AllowedOrigins(options.Origins));
        services.AddSingleton<KeySet>();
        services.AddSingleton<TokenVerifier>();
        if (options.IsDevelopment)
            services.AddSingleton<IAuthenticator, DevelopmentAuthenticator>();
        else
            services.AddSingleton<IAuthenticator, TokenAuthenticator>();
        // Not as services of their own, which the container would dispose of once more.
        services.AddSingleton(provider => new Readiness(
            [provider.GetRequiredService<IBackplane>(), provider.GetRequiredService<IAuthenticator>(), provider.GetRequiredService<INodeBus>()]));
        services.AddSingleton<ConnectionTable>();
        services.AddSingleton<SendSchedulers>();
        services.AddSingleton<OpenSockets>();
        services.AddSingleton<SocketTransportFactory>();
        services.AddSingleton<IConnectionListenerFactory, CountingListenerFactory>();
        services.AddSingleton<RecentEvents>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<ClientAddresses>();
        services.AddSingleton<AddressSockets>();
        services.AddSingleton<UserLimit>();
        services.AddSingleton<ISharedUserLimit>(provider => provider.GetRequiredService<UserLimit>());
        services.AddSingleton<ConnectionLimits>();
        services.AddSingleton<HandshakeRates>();
        services.AddSingleton<ISharedHandshakeRates>(provider => provider.GetRequiredService<HandshakeRates>());
        services.AddSingleton<RateLimits>();
        services.AddSingleton<Delays>();
        services.AddSingleton<ConnectionServices>();
        services.AddSingleton<SessionServices>();
        services.AddSingleton<NativeDialectFactory>();
        services.AddSingleton<IDialectFactory>(provider => provider.GetRequiredService<NativeDialectFactory>());
        if (options.Echo)
            services.AddSingleton<IDialectFactory, EchoDialectFactory>();
        services.AddSingleton<AdmissionControl>();
        services.AddSingleton<HandshakeDeadlines>();
        services.AddSingleton<IdleHttp>();
        services.AddSingleton<FirstRequest>();
        services.AddSingleton<UpgradeHandler>();
        services.AddSingleton<ServerCertificate>();
        services.AddSingleton<ProxyProtocolMiddleware>();
        services.AddSingleton<UpgradeEndpoint>();
        services.AddSingleton<CrossOrigin>();
        services.AddSingleton<SseEndpoint>();
        services.AddSingleton<PublishRates>();
        services.AddSingleton<PublishEndpoint>();
        AddApi(services);
        AddHooks(services, options.Hooks);
        services.AddHostedService<BackplaneStart>();
        services.AddHostedService<KeySetStart>();
        services.AddHostedService(provider => provider.GetRequiredService<NodeRegistry>());
        services.AddHostedService(provider => provider.GetRequiredService<GatewayClock>());
        services.AddHostedService<Drain>();
        services.AddHostedService<StartScreen>();
        services.AddHostedService<ServiceNotification>();
        // The drain has its own deadline; the host only has to be more patient than that.
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainDuration + TimeSpan.FromSeconds(10));
    }

    private static void AddHooks(IServiceCollection services, HooksOptions hooks)
    {
        services.AddSingleton<HookMetrics>();
        if (hooks.Url is null)
            return;
        services.AddSingleton<IApplication, HookApplication>();
        if ((hooks.Events & HookEvents.Requests) != 0)
            services.AddSingleton<HookCalls>();
        // Services stop in reverse: this one after the ports, when nobody is connected any more.
        if ((hooks.Events & HookEvents.Notifications) != 0)
            services.AddSingleton<HookEventQueue>().AddHostedService<HookDelivery>();
        if ((hooks.Events & (HookEvents.Channels | HookEvents.Users)) != 0)
            services.AddSingleton<IOccupancySink>(provider => provider.GetRequiredService<IApplication>()).AddSingleton(OccupancyOf);
        if ((hooks.Events & HookEvents.Users) != 0)
            services.AddSingleton<OnlineUsers>();
    }

    private static IOccupancy OccupancyOf(IServiceProvider provider) =>
        provider.GetRequiredService<IBackplane>() as IOccupancy ?? ActivatorUtilities.CreateInstance<MemoryOccupancy>(provider);

    private static void AddApi(IServiceCollection services)
    {
        services.AddSingleton<LocalNode>();
        services.AddSingleton<NodeRegistry>();
        services.AddSingleton<ApiAccess>();
        services.AddSingleton<ApiHandler>();
        services.AddSingleton<PublishOperations>();
        services.AddSingleton<ConnectionOperations>();
        services.AddSingleton<BatchOperation>();
        services.AddSingleton<ChannelQueries>();
        services.AddSingleton<NodeQueries>();
        // Otherwise the description says that numbers may be strings.
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict);
        services.AddOpenApi("v1", description =>
        {
            description.ShouldInclude = endpoint => endpoint.RelativePath!.StartsWith("api/", StringComparison.Ordinal);
            description.AddDocumentTransformer((document, _, _) =>
            {
                document.Info.Title = "Gateway";
                return Task.CompletedTask;
            });
        });
    }

    private static void ConfigurePorts(IWebHostBuilder web, GatewayOptions options)
    {
        web.UseSockets(sockets =>
        {
            // Reading, handling and replying run where the socket's readiness is found, and a send where it is asked for: see Transport.
            sockets.UnsafePreferInlineScheduling = true;
            // What a stalled handler, or a stalled peer, can hold of a connection before backpressure; see docs/architecture.md.
            sockets.MaxReadBufferSize = 64 * 1024;
            // The least that is a limit: a flush completes when the kernel has everything, and the sending side can be shut down behind it.
            sockets.MaxWriteBufferSize = 2;
            sockets.Backlog = 4096;
        });
        web.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.RequestHeadersTimeout = options.Limits.Handshake;
            kestrel.Limits.MaxRequestHeadersTotalSize = 8 * 1024;
            kestrel.Limits.MaxRequestLineSize = 8 * 1024;
            kestrel.Limits.MaxRequestBufferSize = 64 * 1024;
            kestrel.Limits.MaxRequestBodySize = options.Api.BodyBytes;
            // For the operator's port; on the public one IdleHttp decides, and this must not come before it.
            var keepAlive = options.Limits.IdleHttp + TimeSpan.FromMinutes(1);
            if (keepAlive > kestrel.Limits.KeepAliveTimeout)
                kestrel.Limits.KeepAliveTimeout = keepAlive;
            kestrel.Listen(options.Public.Address, options.Public.Port, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                // Behind the PROXY protocol the address is known when its header is: ProxyProtocolMiddleware counts.
                CountSockets(listen, options.Proxy.Protocol ? null : listen.ApplicationServices.GetRequiredService<AddressSockets>());
                if (options.Proxy.Protocol)
                {
                    var proxy = listen.ApplicationServices.GetRequiredService<ProxyProtocolMiddleware>();
                    listen.Use(next => connection => proxy.OnConnectedAsync(connection, next));
                }
                if (options.Public.IsTls)
                {
                    var certificate = listen.ApplicationServices.GetRequiredService<ServerCertificate>();
                    listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => new(certificate.Current), HandshakeTimeout = options.Limits.Handshake });
                }
                listen.Use(http => ActivatorUtilities.CreateInstance<GatewayConnectionHandler>(listen.ApplicationServices, http).OnConnectedAsync);
            });
            kestrel.Listen(options.Internal.Address, options.Internal.Port, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                CountSockets(listen, addresses: null);
            });
        });
    }

    /// <summary>
    /// The other half of <see cref="CountingListenerFactory"/>, and the count by address. One method for both, because the state of every method
    /// that waits for a connection's end is memory of that connection.
    /// </summary>
    /// <param name="listen">The port.</param>
    /// <param name="addresses">Null where addresses are not counted, or not here.</param>
    private static void CountSockets(ListenOptions listen, AddressSockets? addresses)
    {
        var sockets = listen.ApplicationServices.GetRequiredService<OpenSockets>();
        listen.Use(next => async connection =>
        {
            bool hasRoom = addresses is null || addresses.TryAdd(connection.RemoteEndPoint);
            try
            {
                if (hasRoom)
                    await next(connection);
            }
            finally
            {
                if (hasRoom)
                    addresses?.Remove(connection.RemoteEndPoint);
                sockets.Remove();
            }
        });
    }

    private static void MapHttp(WebApplication app)
    {
        // HTTP code may block or take long, which a socket thread must not.
        app.Use(async (context, next) =>
        {
            var activity = context.Features.Get<IdleHttp.HttpActivity>();
            activity?.BeginRequest();
            try
            {
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                if (InternalPort.Serves(context))
                    await next(context);
                else
                    context.Response.StatusCode = StatusCodes.Status404NotFound;
            }
            finally
            {
                activity?.EndRequest();
            }
        });
        HealthEndpoints.Map(app, app.Services.GetRequiredService<Readiness>());
        ApiEndpoints.Map(app);
        app.MapOpenApi();
        ConsoleEndpoints.Map(app);
        MetricsEndpoint.Map(app, app.Services.GetRequiredService<PrometheusExporter>());
        var upgrades = app.Services.GetRequiredService<UpgradeEndpoint>();
        foreach (string path in app.Services.GetRequiredService<AdmissionControl>().Paths)
            app.Map(path, PublicPort.Only(upgrades.HandleAsync));
        var pages = app.Services.GetRequiredService<CrossOrigin>();
        app.MapGet("/sse", PublicPort.Only(app.Services.GetRequiredService<SseEndpoint>().HandleAsync));
        app.MapMethods("/sse", ["OPTIONS"], PublicPort.Only(pages.Preflight("GET")));
        app.MapPost("/publish", PublicPort.Only(app.Services.GetRequiredService<PublishEndpoint>().HandleAsync));
        app.MapMethods("/publish", ["OPTIONS"], PublicPort.Only(pages.Preflight("POST")));
        if (app.Services.GetRequiredService<GatewayOptions>().IsDevelopment)
            DemoEndpoints.Map(app);
    }

    private static void ConfigureLogging(ILoggingBuilder logging)
    {
        // Nothing is logged with them, and Kestrel's scope would be 230 bytes of every connection.
        logging.Services.Configure<LoggerFilterOptions>(filter => filter.CaptureScopes = false);
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.ColorBehavior = Console.IsOutputRedirected ? LoggerColorBehavior.Disabled : LoggerColorBehavior.Default;
        });
        logging.AddFilter("Microsoft", LogLevel.Warning);
        RequestLogs.KeepSilent(logging.Services);
        // An activity is made for every request as soon as anything of this category could be logged; failures are logged by Kestrel.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        // Failing to bind is told by Program, in one line.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
    }
}
