using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Gateway.TestSupport;

/// <summary>
/// A real gateway in this process, in development mode, on free loopback ports, with <see cref="LiftedLimits"/> and short deadlines where a
/// test has to wait for them.
/// </summary>
public sealed class GatewayServer : IAsyncDisposable
{
    private readonly IHost _app;

    private GatewayServer(IHost app)
    {
        _app = app;
        var ports = app.Services.GetRequiredService<OwnPorts>();
        PublicPort = new Uri(ports.Public!).Port;
        IsTls = ports.Public!.StartsWith("https:", StringComparison.Ordinal);
        InternalPort = new Uri(ports.Internal!).Port;
    }

    public int PublicPort { get; }

    public int InternalPort { get; }

    public bool IsTls { get; }

    /// <summary>The address without a path. With TLS it has the host's name, which the certificate is for.</summary>
    public string Origin => IsTls ? $"wss://localhost:{PublicPort}" : $"ws://127.0.0.1:{PublicPort}";

    public Uri WebSocketUri => new($"{Origin}/ws");

    public Uri EchoUri => new($"{Origin}/echo");

    public IServiceProvider Services => _app.Services;

    internal ConnectionTable Connections => Services.GetRequiredService<ConnectionTable>();

    internal ChannelTable Channels => Services.GetRequiredService<ChannelTable>();

    /// <param name="settings">As <c>Limits:MessageBytes=1024</c>, without the leading <c>Gateway:</c>.</param>
    public static Task<GatewayServer> StartAsync(params string[] settings) => StartAsync(settings, configure: null);

    public static async Task<GatewayServer> StartAsync(string[] settings, Action<IServiceCollection>? configure)
    {
        string[] defaults =
        [
            "Development=true", "Public=http://127.0.0.1:0", "Internal=http://127.0.0.1:0", "Drain:Duration=00:00:00",
            .. LiftedLimits.Settings, .. TransportUnderTest.Settings,
        ];
        var app = GatewayHost.Build(
            [
                "--Logging:Console:LogLevel:Gateway.Diagnostics.Audit=None",
                .. defaults.Concat(settings).Select(setting => "--Gateway:" + setting),
            ],
            configure);
        await app.StartAsync();
        return new GatewayServer(app);
    }

    /// <summary>Stops the gateway, as SIGTERM does.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await ((IAsyncDisposable)_app).DisposeAsync();
    }
}
