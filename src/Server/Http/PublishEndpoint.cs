using System.Buffers;
using System.Text.Unicode;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Admission;
using Gateway.Server.Application;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Listening;
using Gateway.Server.Naming;
using Gateway.Server.Sessions;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Server.Http;

/// <summary>
/// <c>POST /publish</c>: the protocol's <c>message</c> as one request, for clients whose stream only comes one way. Safe for any thread.
/// </summary>
internal sealed class PublishEndpoint(
    AdmissionControl admission, ClientAddresses addresses, PublishRates rates, CrossOrigin pages, IAuthenticator authenticator,
    SessionServices services, TimeProvider time) : IPortEndpoints
{
    /// <summary>A request is not held for longer, and its body not read.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

    private readonly int _limit = services.Options.Limits.MessageBytes;

    private HandshakeRefusal TooLarge => new(413, ErrorCode.MessageTooLarge, $"at most {_limit} bytes (Limits:MessageBytes)");

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/publish", PublicPort.Only(HandleAsync));
        routes.MapMethods("/publish", ["OPTIONS"], PublicPort.Only(pages.Preflight("POST")));
    }

    public async Task HandleAsync(HttpContext context)
    {
        pages.Mark(context);
        try
        {
            if (await TryPublishAsync(context).ConfigureAwait(false) is { } refusal)
                await RefuseAsync(context, refusal).ConfigureAwait(false);
        }
        catch (BadHttpRequestException broken)
        {
            var refusal = new HandshakeRefusal(broken.StatusCode, ErrorCode.BadRequest, "the body could not be read");
            await RefuseAsync(context, refusal).ConfigureAwait(false);
        }
        catch (Exception failure) when (
            failure is ConnectionResetException or ConnectionAbortedException or IOException or OperationCanceledException)
        {
            // The client has left.
        }
    }

    /// <returns>Null when it was published and answered.</returns>
    private async ValueTask<HandshakeRefusal?> TryPublishAsync(HttpContext context)
    {
        // That of the API; here Limits:MessageBytes counts.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        var address = addresses.Of(context);
        // What the address was refused has been read too: it is paid for before more is.
        var debt = rates.DebtOf(address, Math.Min(context.Request.ContentLength ?? 0, _limit));
        if (debt > MaxWait)
        {
            context.Response.Headers.Connection = "close";
            return TooFast(debt);
        }
        if (debt > TimeSpan.Zero)
            await Task.Delay(debt, time, context.RequestAborted).ConfigureAwait(false);
        // Before anything is refused: a connection closed with unread input is reset, and the answer could be lost.
        if (await ReadBodyAsync(context.Request).ConfigureAwait(false) is not { } body)
        {
            rates.TryTake(address, _limit, out _);
            return TooLarge;
        }
        if (!rates.TryTake(address, body.WrittenCount, out var wait))
            return TooFast(wait);
        if (PlainRequest.Read(context.Request, out var refusal) is not { } request)
            return refusal;
        var signIn = await admission.SignInAsync(request).ConfigureAwait(false);
        if (signIn.Refusal is not null)
            return signIn.Refusal;
        services.Metrics.Received();
        var identity = signIn.Identity ?? authenticator.WithoutToken.Named(ConnectionId.Next());
        if (Read(body.WrittenMemory, identity, out var error) is not { } message)
            return error.ToRefusal();
        var decision = Decision.Allowed;
        if (services.ApplicationFor(Interests.Publish) is { } application)
        {
            var caller = new Caller(null, identity.User, address);
            decision = await application.PublishAsync(caller, message.Channel, message.Payload).ConfigureAwait(false);
            if (decision.Denial is { } denial)
                return denial.ToRefusal();
        }
        var result = await services.Backplane.PublishAsync(message.Channel, new PublishRequest
        {
            Payload = decision.Apply(message.Payload),
            Sender = identity.Sender,
            // Without a token another request is another somebody: only the address is the same when it is sent again.
            Key = signIn.Identity is null
                ? IdempotencyKey.OfAddress(AddressKey.Of(address).ToArray(), message.Key)
                : IdempotencyKey.OfUser(identity.Sender, message.Key),
        }).ConfigureAwait(false);
        // Who publishes faster than can be handed out waits, as on a WebSocket.
        if (services.Channels.Find(message.Channel.Utf8) is { IsBacklogged: true } local)
            await local.WaitForCapacityAsync().ConfigureAwait(false);
        if (!result.IsAccepted)
            return SessionError.Of(result.Outcome).ToRefusal();
        await AnswerAsync(context.Response, message, result.Position).ConfigureAwait(false);
        return null;
    }

    private static HandshakeRefusal TooFast(TimeSpan wait) =>
        new(429, ErrorCode.RateLimited, SessionError.RateLimited.Message) { RetryAfter = wait };

    /// <summary>Null when it is too large.</summary>
    private async ValueTask<ArrayBufferWriter<byte>?> ReadBodyAsync(HttpRequest request)
    {
        if (request.ContentLength > _limit)
            return null;
        var body = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await request.BodyReader.ReadAsync().ConfigureAwait(false);
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

    /// <summary>Reads the message and checks the right to it; null for an error.</summary>
    private Accepted? Read(ReadOnlyMemory<byte> body, Identity identity, out ProtocolError error)
    {
        if (!Utf8.IsValid(body.Span))
        {
            error = SessionError.BadRequest("The body is not UTF-8.");
            return null;
        }
        if (!ClientMessageReader.TryReadPublish(body.Span, out var message, out error))
            return null;
        if (services.Namespaces.TryName(message.Channel, out string problem) is not { } name)
        {
            error = SessionError.BadRequest(problem);
            return null;
        }
        if (!ChannelRights.IsAllowed(identity, name, ChannelOperations.Publish))
        {
            error = SessionError.Forbidden;
            return null;
        }
        if (!message.Attachments.IsEmpty)
        {
            if (AttachmentTexts.TryDecode(message.Attachments, out var attachments, out problem))
                return new Accepted(
                    name, message.Id.ToArray(), PayloadKind.Attachments, attachments.With(message.Content), message.Key.ToArray());
            error = SessionError.BadRequest($"The field 'attachments' {problem}.");
            return null;
        }
        // A slice of the body, byte for byte.
        body.Span.Overlaps(message.Content, out int at);
        return new Accepted(
            name, message.Id.ToArray(), PayloadKind.Json, body.Slice(at, message.Content.Length), message.Key.ToArray());
    }

    private static async Task AnswerAsync(HttpResponse response, Accepted message, Position? position)
    {
        var json = new ArrayBufferWriter<byte>(128);
        ServerMessageWriter.Published(json, message.Id, message.Channel.Json, position?.Epoch, position?.Seq ?? 0);
        response.ContentType = "application/json";
        response.ContentLength = json.WrittenCount;
        response.Headers.CacheControl = "no-store";
        await response.BodyWriter.WriteAsync(json.WrittenMemory).ConfigureAwait(false);
    }

    private Task RefuseAsync(HttpContext context, HandshakeRefusal refusal)
    {
        services.Metrics.Error(refusal.Error);
        return RefusalResponse.WriteAsync(context.Response, refusal);
    }

    private sealed record Accepted(ChannelName Channel, byte[] Id, PayloadKind Kind, ReadOnlyMemory<byte> Bytes, byte[] Key)
    {
        public Payload Payload => new(Kind, Bytes.Span);
    }
}
