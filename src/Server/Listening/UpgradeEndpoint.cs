using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Text;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Admission;
using Gateway.Server.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Server.Listening;

/// <summary>
/// Safe for any thread. <c>/ws</c> and <c>/echo</c> as the HTTP server sees them: an upgrade that is not the first request of its
/// connection, as a proxy that keeps connections open sends it, works all the same; anything else gets 426.
/// </summary>
internal sealed class UpgradeEndpoint(AdmissionControl admission, ClientAddresses addresses, ConnectionServices services)
{
    public async Task HandleAsync(HttpContext context)
    {
        var peer = addresses.Of(context);
        if (!context.Request.Headers.Upgrade.ToString().Contains("websocket", StringComparison.OrdinalIgnoreCase))
        {
            await RefuseAsync(context, peer, UpgradeRefusal.UpgradeRequired);
            return;
        }
        long start = Stopwatch.GetTimestamp();
        var head = new ReadOnlySequence<byte>(Head(context.Request));
        var outcome = UpgradeRequestParser.TryParse(head, int.MaxValue, out var request, out var refusal, out _);
        // Routing is lenient about letters, slashes and escapes; the first request of a connection is not, and both must agree.
        if (outcome == UpgradeOutcome.Accepted && !admission.Paths.Contains(request!.Path))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        // What the HTTP server does not let through, such as a body, the parser has refused by name before.
        var upgrade = context.Features.Get<IHttpUpgradeFeature>();
        if (outcome == UpgradeOutcome.Accepted && upgrade is not { IsUpgradableRequest: true })
            (outcome, refusal) = (UpgradeOutcome.Refused, UpgradeRefusal.UpgradeRequired);
        Admitted? admitted = null;
        if (outcome == UpgradeOutcome.Accepted)
            (admitted, refusal) = await admission.AdmitAsync(request!, peer);
        if (admitted is null)
        {
            await RefuseAsync(context, peer, refusal!);
            return;
        }
        using var lease = admitted.Lease;
        services.Metrics.Handshaken(start);
        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.SecWebSocketAccept = UpgradeResponse.AcceptKey(request!.Key);
        if (admitted.Subprotocol is not null)
            context.Response.Headers.SecWebSocketProtocol = admitted.Subprotocol;
        var stream = await upgrade!.UpgradeAsync();
        var transport = new UpgradedTransport(context, stream);
        await new Connection(transport, admitted.Encoding, services, lease, admitted.Handler).RunAsync();
    }

    /// <summary>The request as it was sent, so that one parser with one set of rules judges every upgrade.</summary>
    private static byte[] Head(HttpRequest request)
    {
        var head = new StringBuilder();
        string target = request.HttpContext.Features.Get<IHttpRequestFeature>()!.RawTarget;
        head.Append(request.Method).Append(' ').Append(target).Append(' ').Append(request.Protocol).Append("\r\n");
        foreach (var (name, values) in request.Headers)
        {
            foreach (string? value in values)
                head.Append(name).Append(": ").Append(value).Append("\r\n");
        }
        return Encoding.UTF8.GetBytes(head.Append("\r\n").ToString());
    }

    private async Task RefuseAsync(HttpContext context, IPAddress address, UpgradeRefusal refusal)
    {
        services.Audit.Refused(address, refusal);
        context.Response.Headers.Connection = "close";
        if (refusal.StatusCode == StatusCodes.Status426UpgradeRequired)
        {
            // RFC 9110 section 7.8: who sends Upgrade names it in Connection.
            context.Response.Headers.Connection = "close, Upgrade";
            context.Response.Headers.Upgrade = "websocket";
            context.Response.Headers.SecWebSocketVersion = "13";
        }
        await RefusalResponse.WriteAsync(context.Response, refusal);
    }
}
