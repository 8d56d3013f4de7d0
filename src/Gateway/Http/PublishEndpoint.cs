using System.Buffers;
using System.Text.Unicode;
using Gateway.Auth;
using Gateway.Backplane;
using Gateway.Channels;
using Gateway.Connections;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;
using Gateway.Sessions;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Http;

/// <summary>Safe for any thread. <c>POST /publish</c>: the protocol's <c>message</c> as one request, for clients whose stream only comes one way.</summary>
internal sealed class PublishEndpoint(Admission admission, ClientAddresses addresses, PublishRates rates, CrossOrigin pages, IAuthenticator authenticator, SessionServices services)
{
    private readonly int _limit = services.Options.Limits.MessageBytes;

    private UpgradeRefusal TooLarge => new(413, ErrorCode.MessageTooLarge, $"at most {_limit} bytes (Limits:MessageBytes)");

    public async Task HandleAsync(HttpContext context)
    {
        pages.Mark(context);
        try
        {
            if (await TryPublishAsync(context) is { } refusal)
                await RefuseAsync(context, refusal);
        }
        catch (BadHttpRequestException broken)
        {
            await RefuseAsync(context, new UpgradeRefusal(broken.StatusCode, ErrorCode.BadRequest, "the body could not be read"));
        }
        catch (Exception failure) when (failure is ConnectionResetException or ConnectionAbortedException or IOException or OperationCanceledException)
        {
            // The client has left.
        }
    }

    /// <returns>Null when it was published and answered.</returns>
    private async ValueTask<UpgradeRefusal?> TryPublishAsync(HttpContext context)
    {
        // That of the API; here Limits:MessageBytes counts.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        // Before anything is refused: a connection closed with unread input is reset, and the answer could be lost.
        if (await ReadBodyAsync(context.Request) is not { } body)
            return TooLarge;
        if (!rates.TryTake(addresses.Of(context), body.WrittenCount, out var wait))
            return new UpgradeRefusal(429, ErrorCode.RateLimited, SessionError.RateLimited.Message) { RetryAfter = wait };
        if (PlainRequest.Read(context.Request, out var refusal) is not { } request)
            return refusal;
        var signIn = await admission.SignInAsync(request);
        if (signIn.Refusal is not null)
            return signIn.Refusal;
        services.Metrics.Received();
        if (TryStart(body.WrittenSpan, signIn.Identity, out var message, out var error) is not { } publishing)
            return Of(error);
        var result = await publishing;
        // Who publishes faster than can be handed out waits, as on a WebSocket.
        if (services.Channels.Find(message.Channel.Utf8) is { IsBacklogged: true } local)
            await local.RoomAsync();
        if (!result.Accepted)
            return Of(SessionError.Unavailable);
        await AnswerAsync(context.Response, message, result.Position);
        return null;
    }

    /// <summary>Null when it is too large.</summary>
    private async ValueTask<ArrayBufferWriter<byte>?> ReadBodyAsync(HttpRequest request)
    {
        if (request.ContentLength > _limit)
            return null;
        var body = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await request.BodyReader.ReadAsync();
            bool fits = body.WrittenCount + read.Buffer.Length <= _limit;
            if (fits)
            {
                foreach (var piece in read.Buffer)
                    body.Write(piece.Span);
            }
            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (!fits || read.IsCompleted)
                return fits ? body : null;
        }
    }

    /// <summary>Reads the message, checks the right to it and hands it to the backplane; null for an error.</summary>
    private ValueTask<PublishResult>? TryStart(ReadOnlySpan<byte> body, Identity? identity, out Accepted accepted, out ProtocolError error)
    {
        accepted = default;
        if (!Utf8.IsValid(body))
        {
            error = SessionError.BadRequest("The body is not UTF-8.");
            return null;
        }
        if (!ClientMessageReader.TryReadPublish(body, out var message, out error))
            return null;
        if (services.Namespaces.TryName(message.Channel, out string problem) is not { } name)
        {
            error = SessionError.BadRequest(problem);
            return null;
        }
        identity ??= authenticator.WithoutToken(ConnectionId.Next());
        if (!ChannelRights.May(identity, name, Rights.Publish))
        {
            error = SessionError.Forbidden;
            return null;
        }
        accepted = new Accepted(name, message.Id.ToArray());
        return services.Backplane.PublishAsync(name, new PublishRequest { Content = message.Content, Sender = identity.Sender, Key = message.Key });
    }

    private static async Task AnswerAsync(HttpResponse response, Accepted message, Position? position)
    {
        var json = new ArrayBufferWriter<byte>(128);
        ServerMessageWriter.Published(json, message.Id, message.Channel.Json, position?.Epoch, position?.Seq ?? 0);
        response.ContentType = "application/json";
        response.ContentLength = json.WrittenCount;
        response.Headers.CacheControl = "no-store";
        await response.BodyWriter.WriteAsync(json.WrittenMemory);
    }

    private Task RefuseAsync(HttpContext context, UpgradeRefusal refusal)
    {
        services.Metrics.Error(refusal.Error);
        return RefusalResponse.WriteAsync(context.Response, refusal);
    }

    private static UpgradeRefusal Of(ProtocolError error) => error.Code switch
    {
        ErrorCode.Forbidden => new UpgradeRefusal(403, error.Code, error.Message),
        ErrorCode.Unavailable => new UpgradeRefusal(503, error.Code, error.Message) { RetryAfter = TimeSpan.FromSeconds(1) },
        _ => new UpgradeRefusal(400, error.Code, error.Message),
    };

    private readonly record struct Accepted(ChannelName Channel, byte[] Id);
}
