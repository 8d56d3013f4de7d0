using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Admission;
using Gateway.Server.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;

namespace Gateway.Server.Listening;

/// <summary>
/// WebSockets as an HTTP server sees them. On the gateway's own port: an upgrade that is not the first request of its connection, as a
/// proxy that keeps connections open sends it. On a port of the application that embeds the gateway: all of them. Safe for any thread.
/// </summary>
internal sealed class UpgradeEndpoint(AdmissionControl admission, ClientAddresses addresses, ConnectionServices services) : IPortEndpoints
{
    /// <summary>
    /// The key that stands in for that of an extended CONNECT, which has none (RFC 8441 section 5.1). It is not answered.
    /// </summary>
    private static readonly string NoKey = Convert.ToBase64String(new byte[16]);

    private static readonly HandshakeRefusal NotLocal =
        new(403, ErrorCode.Forbidden, "development mode serves this machine alone") { Reason = "development" };

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (var dialect in admission.Dialects)
            routes.Map(dialect.Path, PublicPort.Only(context => HandleAsync(context, dialect, dialect.Path)));
    }

    /// <summary>Serves a dialect on a port of the application that embeds the gateway, wherever the application maps it.</summary>
    public RequestDelegate Embedded(IDialectFactory dialect) => context => HandleAsync(context, dialect, exactPath: null);

    /// <param name="context">The request.</param>
    /// <param name="dialect">The language that is served there.</param>
    /// <param name="exactPath">
    /// The path, letter for letter: routing is lenient about letters, slashes and escapes, the first request of a connection is not, and
    /// both must agree. Null on a port of the application.
    /// </param>
    private async Task HandleAsync(HttpContext context, IDialectFactory dialect, string? exactPath)
    {
        var peer = addresses.Of(context);
        var connect = context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: "websocket" } extended
            ? extended
            : null;
        if (connect is null && !context.Request.Headers.Upgrade.ToString().Contains("websocket", StringComparison.OrdinalIgnoreCase))
        {
            await RefuseAsync(context, peer, HandshakeRefusal.UpgradeRequired).ConfigureAwait(false);
            return;
        }
        long start = Stopwatch.GetTimestamp();
        var head = new ReadOnlySequence<byte>(Head(context.Request, connect is not null));
        var outcome = HandshakeRequestParser.TryParse(head, int.MaxValue, out var request, out var refusal, out _);
        if (outcome == HandshakeOutcome.Accepted && exactPath is not null && request!.Path != exactPath)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        // What the HTTP server does not let through, such as a body, the parser has refused by name before.
        var upgrade = context.Features.Get<IHttpUpgradeFeature>();
        if (outcome == HandshakeOutcome.Accepted && connect is null && upgrade is not { IsUpgradableRequest: true })
            (outcome, refusal) = (HandshakeOutcome.Refused, HandshakeRefusal.UpgradeRequired);
        if (outcome == HandshakeOutcome.Accepted && exactPath is null && services.Options.IsDevelopment && !IPAddress.IsLoopback(peer))
            (outcome, refusal) = (HandshakeOutcome.Refused, NotLocal);
        Admitted? admitted = null;
        if (outcome == HandshakeOutcome.Accepted)
            (admitted, refusal) = await admission.AdmitAsync(request!, peer, dialect).ConfigureAwait(false);
        if (admitted is null)
        {
            await RefuseAsync(context, peer, refusal!).ConfigureAwait(false);
            return;
        }
        using var lease = admitted.Lease;
        services.Metrics.Handshaken(start);
        if (admitted.Subprotocol is not null)
            context.Response.Headers.SecWebSocketProtocol = admitted.Subprotocol;
        if (admitted.Deflate is { } deflate)
            context.Response.Headers.SecWebSocketExtensions = deflate.Answer;
        context.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout();
        var stream = connect is null
            ? await UpgradeAsync(context, upgrade!, request!.Key).ConfigureAwait(false)
            : await connect.AcceptAsync().ConfigureAwait(false);
        var transport = new UpgradedTransport(context, stream);
        await new Connection(transport, admitted.Encoding, services, lease, admitted.Dialect).RunAsync().ConfigureAwait(false);
    }

    private static Task<Stream> UpgradeAsync(HttpContext context, IHttpUpgradeFeature upgrade, string key)
    {
        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.SecWebSocketAccept = UpgradeResponse.AcceptKey(key);
        return upgrade.UpgradeAsync();
    }

    /// <summary>
    /// The request as it was sent, or would have been by HTTP/1.1, so that one parser with one set of rules judges every upgrade.
    /// </summary>
    private static byte[] Head(HttpRequest request, bool isExtendedConnect)
    {
        var head = new StringBuilder();
        string target = request.HttpContext.Features.Get<IHttpRequestFeature>()!.RawTarget;
        if (isExtendedConnect)
            head.Append($"GET {target} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {NoKey}\r\n");
        else
            head.Append(request.Method).Append(' ').Append(target).Append(' ').Append(request.Protocol).Append("\r\n");
        foreach (var (name, values) in request.Headers)
        {
            foreach (string? value in values)
            {
                if (!name.StartsWith(':'))
                    head.Append(name).Append(": ").Append(value).Append("\r\n");
            }
        }
        return Encoding.UTF8.GetBytes(head.Append("\r\n").ToString());
    }

    private async Task RefuseAsync(HttpContext context, IPAddress address, HandshakeRefusal refusal)
    {
        services.Audit.Refused(address, refusal);
        if (!HttpProtocol.IsHttp2(context.Request.Protocol) && !HttpProtocol.IsHttp3(context.Request.Protocol))
        {
            context.Response.Headers.Connection = "close";
            if (refusal.StatusCode == StatusCodes.Status426UpgradeRequired)
            {
                // RFC 9110 section 7.8: who sends Upgrade names it in Connection.
                context.Response.Headers.Connection = "close, Upgrade";
                context.Response.Headers.Upgrade = "websocket";
                context.Response.Headers.SecWebSocketVersion = "13";
            }
        }
        await RefusalResponse.WriteAsync(context.Response, refusal).ConfigureAwait(false);
    }
}
