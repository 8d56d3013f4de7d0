using System.Diagnostics;
using System.Net.Sockets;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Admission;
using Gateway.Server.Connections;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Dialects.Streams;
using Gateway.Server.Listening;
using Gateway.Server.Sessions;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Gateway.Server.Http.Streams;

/// <summary>
/// <c>/sse</c>: an ordinary connection with an ordinary session over another transport, so that everything that holds for WebSockets, from
/// admission to the drain, holds for streams too. Safe for any thread.
/// </summary>
internal sealed class SseEndpoint(
    AdmissionControl admission, NativeDialectFactory dialect, ClientAddresses addresses, CrossOrigin pages, ConnectionServices services)
    : IPortEndpoints
{
    /// <summary>
    /// When a client whose stream breaks comes back, in milliseconds: another for each, lest all those of a node that died come at once.
    /// Browsers remember the last <c>retry</c>, so this also ends what a drain has told them.
    /// </summary>
    private const int MinRetry = 1_000, MaxRetry = 5_000;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/sse", PublicPort.Only(HandleAsync));
        routes.MapMethods("/sse", ["OPTIONS"], PublicPort.Only(pages.Preflight("GET")));
    }

    public async Task HandleAsync(HttpContext context)
    {
        pages.Mark(context);
        var address = addresses.Of(context);
        long start = Stopwatch.GetTimestamp();
        Admitted? admitted = null;
        if (PlainRequest.Read(context.Request, out var refusal) is { } request)
            (admitted, refusal) = await admission.AdmitAsync(request, address, dialect, OpeningOf(context.Request)).ConfigureAwait(false);
        services.Metrics.Handshaken(start);
        if (admitted is null)
        {
            services.Audit.Refused(address, refusal!);
            await RefusalResponse.WriteAsync(context.Response, refusal!).ConfigureAwait(false);
            return;
        }
        using var lease = admitted.Lease;
        Begin(context);
        NoticeSilence(context);
        var transport = new StreamTransport(context, admitted.Opening!.Positions());
        // The request is not read any more; only the server that reads the socket knows that the client has left.
        using var gone = context.RequestAborted.UnsafeRegister(static transport => ((StreamTransport)transport!).Leave(), transport);
        await new Connection(transport, EventStreamEncoding.Instance, services, lease, admitted.Dialect).RunAsync().ConfigureAwait(false);
    }

    /// <summary>What a browser says by itself comes first: the address it was given may be old.</summary>
    private static InitialSubscriptions OpeningOf(HttpRequest request)
    {
        string? last = request.Headers["Last-Event-ID"];
        return new InitialSubscriptions(
            request.Query["channel"].OfType<string>(), string.IsNullOrEmpty(last) ? request.Query["lastEventId"] : last);
    }

    private static void Begin(HttpContext context)
    {
        var response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        // For nginx, which otherwise holds a response back until it has gathered some of it.
        response.Headers["X-Accel-Buffering"] = "no";
        // A stream is as slow as what is published; who doesn't take it is found out by the writer and the heartbeat.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        context.Features.Get<IHttpResponseBodyFeature>()!.DisableBuffering();
        EventStreamEncoding.WriteRetry(response.BodyWriter, Random.Shared.Next(MinRetry, MaxRetry));
    }

    /// <summary>
    /// A stream brings no pongs. That a client's network is gone, and it acknowledges nothing, only the kernel knows, and by itself it
    /// waits for a quarter of an hour; it is told to wait no longer than for a pong, and then for last words to be taken: to the kernel,
    /// who has stopped reading is as silent as who has gone, and the stream is to end before the socket does.
    /// </summary>
    private void NoticeSilence(HttpContext context)
    {
        // Linux's tcp.h: IPPROTO_TCP and TCP_USER_TIMEOUT.
        const int Tcp = 6, UserTimeout = 18;
        var heartbeat = services.Options.Heartbeat;
        var wait = heartbeat.Ping + heartbeat.PongTimeout + TimeSpan.FromMilliseconds(Connection.FinishMilliseconds);
        if (!OperatingSystem.IsLinux() || context.Features.Get<IConnectionSocketFeature>() is not { } feature)
            return;
        try
        {
            feature.Socket.SetRawSocketOption(Tcp, UserTimeout, BitConverter.GetBytes((int)wait.TotalMilliseconds));
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // It has left already.
        }
    }
}
