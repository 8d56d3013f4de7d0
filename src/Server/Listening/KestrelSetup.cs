using System.Net;
using Gateway.Server.Admission;
using Gateway.Server.Audit;
using Gateway.Server.Listening.EventLoop;
using Gateway.Server.Listening.Tls;
using Gateway.Server.Options;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Gateway.Server.Listening;

/// <summary>Sets up the server of the gateway's own ports: its transport, its limits and the way of a connection. Stateless.</summary>
internal static class KestrelSetup
{
    /// <param name="web">The server of the gateway's own ports, which serves nothing else.</param>
    /// <param name="gateway">The services of the gateway, which are not those of the server.</param>
    public static void Configure(IWebHostBuilder web, IServiceProvider gateway)
    {
        var options = gateway.GetRequiredService<GatewayOptions>();
        web.UseKestrel(kestrel => Configure(kestrel, options, gateway));
        web.UseSockets(Configure);
        web.ConfigureServices(server => server.AddSingleton<SocketTransportFactory>().AddSingleton<IConnectionListenerFactory>(provider =>
            new CountingListenerFactory(
                provider.GetRequiredService<SocketTransportFactory>(), gateway.GetRequiredService<OpenSockets>(),
                gateway.GetRequiredService<AuditLog>())));
        _ = gateway.GetRequiredService<LoopMetrics>();
        if (options.UsesEventLoops)
            web.ConfigureServices(server => server.AddSingleton<IConnectionListenerFactory>(provider => LoopListeners(provider, gateway)));
    }

    /// <summary>Asked before the other factory, because it is registered later; it takes the public port.</summary>
    private static LoopListenerFactory LoopListeners(IServiceProvider server, IServiceProvider gateway) =>
        ActivatorUtilities.CreateInstance<LoopListenerFactory>(
            server,
            gateway.GetRequiredService<EventLoops>(),
            gateway.GetRequiredService<AcceptedSockets>(),
            gateway.GetRequiredService<ILoopHandshakes>());

    private static void Configure(SocketTransportOptions sockets)
    {
        // Reading, handling and replying run where the socket's readiness is found, and a send where it is asked for; docs/architecture.md.
        sockets.UnsafePreferInlineScheduling = true;
        // The most that a stalled handler, or a stalled peer, can hold of a connection before backpressure; see docs/architecture.md.
        sockets.MaxReadBufferSize = 64 * 1024;
        // The least that is a limit: a flush completes when the kernel has everything, and the sending side can be shut down behind it.
        sockets.MaxWriteBufferSize = 2;
        sockets.Backlog = 4096;
    }

    private static void Configure(KestrelServerOptions kestrel, GatewayOptions options, IServiceProvider gateway)
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
        if (options.Public is { } open)
        {
            var address = options.UsesEventLoops ? new LoopEndPoint(open.Address, open.Port) : new IPEndPoint(open.Address, open.Port);
            kestrel.Listen(address, listen => ConfigurePublic(listen, options, gateway));
        }
        if (options.Internal is { } inner)
        {
            kestrel.Listen(inner.Address, inner.Port, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                CountSockets(listen, gateway.GetRequiredService<OpenSockets>(), addresses: null);
            });
        }
    }

    private static void ConfigurePublic(ListenOptions listen, GatewayOptions options, IServiceProvider gateway)
    {
        listen.Protocols = HttpProtocols.Http1;
        // Behind the PROXY protocol the address is known when its header is: ProxyProtocolMiddleware counts.
        CountSockets(
            listen, gateway.GetRequiredService<OpenSockets>(),
            options.Proxy.Protocol ? null : gateway.GetRequiredService<AddressSockets>());
        if (options.Proxy.Protocol)
        {
            var proxy = gateway.GetRequiredService<ProxyProtocolMiddleware>();
            listen.Use(next => connection => proxy.OnConnectedAsync(connection, next));
        }
        if (options.Public!.IsTls)
        {
            var certificate = gateway.GetRequiredService<ServerCertificate>();
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => new(certificate.Current),
                HandshakeTimeout = options.Limits.Handshake,
            });
        }
        listen.Use(http => ActivatorUtilities.CreateInstance<GatewayConnectionHandler>(gateway, http).OnConnectedAsync);
    }

    /// <summary>
    /// The other half of <see cref="CountingListenerFactory"/>, and the count by address. One method for both, because the state of every
    /// method that waits for a connection's end is memory of that connection.
    /// </summary>
    /// <param name="listen">The port.</param>
    /// <param name="sockets">The count of all.</param>
    /// <param name="addresses">Null where addresses are not counted, or elsewhere.</param>
    private static void CountSockets(ListenOptions listen, OpenSockets sockets, AddressSockets? addresses) =>
        listen.Use(next => async connection =>
        {
            bool hasRoom = addresses is null || addresses.TryAdd(connection.RemoteEndPoint);
            try
            {
                if (hasRoom)
                    await next(connection).ConfigureAwait(false);
            }
            finally
            {
                if (hasRoom)
                    addresses?.Remove(connection.RemoteEndPoint);
                sockets.Remove();
            }
        });
}
