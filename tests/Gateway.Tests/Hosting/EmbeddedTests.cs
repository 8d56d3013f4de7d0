using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Serialization;
using Gateway.Server.Hosting;
using Gateway.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gateway.Tests.Hosting;

/// <summary>The gateway as a library, in an ordinary ASP.NET Core application that has endpoints of its own.</summary>
public sealed class EmbeddedTests
{
    private static readonly string[] OwnPublicPort = ["Public=http://127.0.0.1:0", "Internal=http://127.0.0.1:0"];

    [Fact]
    public void The_application_keeps_every_setting_of_its_own()
    {
        using var without = Build(withGateway: false);
        string[] variables = Variables();
        using var with = Build(withGateway: true, OwnPublicPort);

        Assert.Equal(variables, Variables());
        Assert.Equal(Traits(without), Traits(with));
        Assert.Equal("Development", with.Services.GetRequiredService<IHostEnvironment>().EnvironmentName);
    }

    [Fact]
    public async Task The_application_answers_on_its_own_paths_and_the_gateway_on_none_of_them()
    {
        await using var app = await StartAsync(OwnPublicPort);
        using var http = new HttpClient { BaseAddress = Address(app) };

        Assert.Equal("""{"greeting_text":"hello"}""", await http.GetStringAsync("/hello"));
        foreach (string path in new[] { "/nowhere", "/health/ready", "/metrics", "/api/channels", "/openapi/v1.json", "/sse", "/echo" })
        {
            using var answer = await http.GetAsync(path);
            Assert.Equal(
                (HttpStatusCode.NotFound, "the application knows no such page"),
                (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        }
    }

    [Fact]
    public async Task Clients_of_the_applications_port_and_of_the_gateways_own_share_channels()
    {
        await using var app = await StartAsync(OwnPublicPort);
        var own = new Uri(app.Services.GetRequiredService<OwnPorts>().Public!.Replace("http", "ws", StringComparison.Ordinal) + "/ws");
        await using var listener = await JsonClient.ConnectAsync(WebSocketAddress(app));
        await using var publisher = await JsonClient.ConnectAsync(own);
        await listener.SendAsync("""{"type":"subscribe","channel":"news"}""");
        await listener.ReceiveAsync("subscribed");

        await publisher.SendAsync("""{"type":"message","channel":"news","content":"hello"}""");

        Assert.Equal("hello", (await listener.ReceiveAsync("message")).Text("content"));
    }

    [Fact]
    public async Task The_gateways_own_ports_serve_what_the_executable_serves_there()
    {
        await using var app = await StartAsync(OwnPublicPort);
        var ports = app.Services.GetRequiredService<OwnPorts>();
        using var http = new HttpClient();

        Assert.Equal("""{"status":"ready"}""", await http.GetStringAsync(ports.Public + "/health/ready"));
        Assert.Contains("gateway_build_info", await http.GetStringAsync(ports.Internal + "/metrics"), StringComparison.Ordinal);
        Assert.Contains("/api/publish", await http.GetStringAsync(ports.Internal + "/openapi/v1.json"), StringComparison.Ordinal);
        using var hello = await http.GetAsync(ports.Public + "/hello");
        Assert.Equal(HttpStatusCode.NotFound, hello.StatusCode);
    }

    [Fact]
    public async Task Without_ports_of_its_own_it_listens_on_the_applications_alone()
    {
        await using var app = await StartAsync();
        var ports = app.Services.GetRequiredService<OwnPorts>();

        Assert.Equal((null, null), (ports.Public, ports.Internal));
        await using var client = await JsonClient.ConnectAsync(WebSocketAddress(app));
        Assert.StartsWith("anonymous-", client.User);
    }

    [Fact]
    public async Task Over_HTTP_2_a_client_gets_its_WebSocket_by_extended_CONNECT()
    {
        await using var app = await StartAsync([], HttpProtocols.Http2);
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());

        await using var client = await JsonClient.ConnectAsync(WebSocketAddress(app), http, options =>
        {
            options.HttpVersion = HttpVersion.Version20;
            options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        });
        await client.SendAsync("""{"type":"ping","id":"1"}""");

        Assert.Equal("1", (await client.ReceiveAsync("pong")).Text("id"));
        Assert.Equal("gateway.v1.json", client.Socket.SubProtocol);
    }

    [Fact]
    public async Task Other_requests_for_the_path_get_426()
    {
        await using var app = await StartAsync();
        using var http = new HttpClient();

        using var answer = await http.GetAsync(new Uri(Address(app), "/live"));

        Assert.Equal(HttpStatusCode.UpgradeRequired, answer.StatusCode);
    }

    [Fact]
    public async Task Development_mode_serves_this_machine_alone_whatever_port_the_application_opens()
    {
        await using var app = await StartAsync([], from: IPAddress.Parse("192.0.2.7"));

        var refused = await Assert.ThrowsAsync<WebSocketException>(() => JsonClient.ConnectAsync(WebSocketAddress(app)));

        Assert.Contains("403", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_the_application_stops_clients_get_a_disconnect_that_lets_them_reconnect()
    {
        await using var app = await StartAsync();
        await using var client = await JsonClient.ConnectAsync(WebSocketAddress(app));

        await app.StopAsync();

        Assert.Equal(1012, (await client.ReceiveAsync("disconnect")).GetProperty("code").GetInt32());
    }

    [Fact]
    public void Settings_that_cannot_be_used_are_an_exception_that_lists_them()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Gateway:Limits:MessageBytes", "many")]).Build();

        var problem = Assert.ThrowsAny<InvalidOperationException>(() => new ServiceCollection().AddGateway(configuration));

        Assert.Contains("Gateway:Limits:MessageBytes: 'many'", problem.Message, StringComparison.Ordinal);
        Assert.Contains("Gateway:Auth:Secret", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mapping_without_adding_is_an_exception_that_says_so()
    {
        using var app = WebApplication.CreateBuilder().Build();

        var problem = Assert.Throws<InvalidOperationException>(() => app.MapGateway("/live"));

        Assert.Contains("AddGateway", problem.Message, StringComparison.Ordinal);
    }

    /// <summary>An application that sets everything a library might set for itself.</summary>
    private static WebApplication Build(bool withGateway, params string[] settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Information);
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(42));
        string[] defaults = ["Development=true", "Drain:Duration=00:00:00", .. settings];
        builder.Configuration.AddInMemoryCollection(
            defaults.Select(setting => setting.Split('=', 2)).Select(pair => KeyValuePair.Create("Gateway:" + pair[0], (string?)pair[1])));
        if (withGateway)
            builder.Services.AddGateway(builder.Configuration);
        return builder.Build();
    }

    private static async Task<WebApplication> StartAsync(
        string[]? settings = null, HttpProtocols protocols = HttpProtocols.Http1, IPAddress? from = null)
    {
        var app = Build(withGateway: true, settings ?? []);
        app.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.ConfigureEndpointDefaults(
            listen => listen.Protocols = protocols);
        if (from is not null)
        {
            app.Use((context, next) =>
            {
                context.Connection.RemoteIpAddress = from;
                return next(context);
            });
        }
        app.MapGet("/hello", () => new { GreetingText = "hello" });
        app.MapGateway("/live");
        app.MapFallback("{*path}", context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return context.Response.WriteAsync("the application knows no such page");
        });
        await app.StartAsync();
        return app;
    }

    /// <summary>The settings of an application that a library could change by registering services.</summary>
    private static string[] Traits(WebApplication app)
    {
        T Of<T>()
            where T : class => app.Services.GetRequiredService<IOptions<T>>().Value;

        var (json, host, filters) = (Of<JsonOptions>().SerializerOptions, Of<HostOptions>(), Of<LoggerFilterOptions>());
        var (kestrel, sockets) = (Of<KestrelServerOptions>(), Of<SocketTransportOptions>());
        return
        [
            $"JSON {json.PropertyNamingPolicy} {json.NumberHandling} {json.DefaultIgnoreCondition == JsonIgnoreCondition.Never}",
            $"stops within {host.ShutdownTimeout} {host.BackgroundServiceExceptionBehavior}",
            $"log {filters.CaptureScopes} {filters.MinLevel} {string.Join(", ", filters.Rules)}",
            $"Kestrel {kestrel.AddServerHeader} {kestrel.Limits.MaxRequestBodySize} " +
                $"{kestrel.Limits.KeepAliveTimeout} {kestrel.Limits.RequestHeadersTimeout}",
            $"sockets {sockets.UnsafePreferInlineScheduling} {sockets.MaxReadBufferSize} {sockets.MaxWriteBufferSize} {sockets.Backlog}",
            $"environment {app.Environment.EnvironmentName} {app.Environment.ApplicationName} {app.Environment.ContentRootPath}",
            $"server {app.Services.GetRequiredService<IServer>().GetType()} {app.Services.GetRequiredService<IHostLifetime>().GetType()}",
            $"routes {((IEndpointRouteBuilder)app).DataSources.Sum(source => source.Endpoints.Count)} {Of<RouteOptions>().LowercaseUrls}",
        ];
    }

    private static string[] Variables() =>
    [
        .. Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .Select(pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal),
    ];

    private static Uri Address(WebApplication app) =>
        new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    private static Uri WebSocketAddress(WebApplication app) => new UriBuilder(Address(app)) { Scheme = "ws", Path = "/live" }.Uri;
}
