using System.Net;
using Gateway.Server.Admission;
using Gateway.Server.Audit;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Clock;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;
using Gateway.Server.Sessions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Gateway.Bench.InMemory;

/// <summary>A gateway as the program puts it together, but not started: it listens nowhere, and no clock runs.</summary>
internal sealed class Node : IDisposable
{
    private readonly IHost _app;

    /// <param name="settings">As <c>Namespaces:kept:History=100</c>, without the leading <c>Gateway:</c>.</param>
    public Node(params string[] settings)
        : this(TimeProvider.System, settings)
    {
    }

    /// <param name="time">What the clock goes by.</param>
    /// <param name="settings">As above.</param>
    public Node(TimeProvider time, params string[] settings)
    {
        string[] common =
        [
            "Development=true",
            // Metered and counted, as with every gateway, but by rates and limits that nobody reaches: all come from one address.
            "Limits:MessagesPerSecond=4000000000", "Limits:MessageBurst=4000000000", "Limits:BytesPerSecond=4000000000",
            "Limits:ByteBurst=4000000000",
            "Limits:Connections=1000000", "Limits:ConnectionsPerAddress=1000000",
        ];
        _app = GatewayHost.Build(
            ["--Logging:LogLevel:Gateway.Diagnostics.Audit=None", .. common.Concat(settings).Select(setting => "--Gateway:" + setting)],
            services => services.AddSingleton(time));
        var started = Get<IBackplane>().StartAsync(Channels, CancellationToken.None);
        if (!started.IsCompletedSuccessfully)
            started.AsTask().GetAwaiter().GetResult();
    }

    public ChannelTable Channels => Get<ChannelTable>();

    public Namespaces Namespaces => Get<Namespaces>();

    public SendSchedulers Sends => Get<SendSchedulers>();

    public GatewayMetrics Metrics => Get<GatewayMetrics>();

    public GatewayClock Clock => Get<GatewayClock>();

    public Compression Compression => Get<Compression>();

    public ConnectionServices Connections => Get<ConnectionServices>();

    public SessionServices Sessions => Get<SessionServices>();

    public ConnectionLease Lease() => Get<ConnectionLimits>().TryAcquire(IPAddress.Loopback, out _)!;

    public ChannelName Name(ReadOnlySpan<byte> utf8) =>
        Namespaces.TryName(utf8, out string problem) ?? throw new ArgumentException(problem, nameof(utf8));

    public void Dispose() => _app.Dispose();

    private T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();
}
