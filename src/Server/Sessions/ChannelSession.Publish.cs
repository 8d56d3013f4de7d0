using System.Buffers;
using Gateway.Protocol.Messages;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <content><c>message</c>.</content>
internal sealed partial class ChannelSession
{
    /// <summary>The channel's name if the client may publish there; otherwise answers with the error.</summary>
    private ChannelName? PublishableChannel(in ClientMessage message, out Channel? local)
    {
        local = _services.Channels.Find(message.Channel);
        string problem = "";
        if ((local?.Name ?? NameOf(message.Channel, out problem)) is not { } name)
        {
            SendError(SessionError.BadRequest(problem), message);
            return null;
        }
        if (ChannelRights.IsAllowed(_identity, name, ChannelOperations.Publish))
            return name;
        SendError(SessionError.Forbidden, message);
        return null;
    }

    /// <param name="message">What the client sent.</param>
    /// <param name="content">What is published: its own content, or another in its place.</param>
    private ValueTask Publish(in ClientMessage message, ReadOnlySpan<byte> content)
    {
        if (PublishableChannel(message, out var local) is not { } name)
            return default;
        var publishing = _services.Backplane.PublishAsync(name, new PublishRequest
        {
            Payload = Payload.Json(content),
            Sender = _identity.Sender,
            Key = _identity.IsSignedIn ? IdempotencyKey.OfUser(_identity.Sender, message.Key) : IdempotencyKey.OfConnection(_identity.Sender, message.Key),
            Except = message.Echo ? null : _connection.Id,
        });
        if (!publishing.IsCompletedSuccessfully)
            return PublishPipelined(publishing, name, message, local);
        Acknowledge(publishing.Result, name, message.Id);
        // The one whose messages pile up waits; its subscribers and other publishers do not.
        return local is { IsBacklogged: true } ? new ValueTask(local.WaitForCapacityAsync()) : default;
    }

    /// <summary>The answer takes a while: the client's next publishes do not wait for it.</summary>
    private ValueTask PublishPipelined(ValueTask<PublishResult> publishing, ChannelName name, in ClientMessage message, Channel? local)
    {
        int cost = PendingRequests.PublishCost + message.Content.Length;
        _ = AcknowledgeAsync(publishing, name, message.Id.ToArray(), Pending.BeginPublish(name, cost), cost);
        return local is { IsBacklogged: true } ? new ValueTask(local.WaitForCapacityAsync()) : default;
    }

    private async Task AcknowledgeAsync(
        ValueTask<PublishResult> publishing, ChannelName channel, byte[] id, PendingRequests.Lane lane, int cost)
    {
        try
        {
            var answer = Answer(await publishing, channel, id);
            if (answer is not null)
                Writer.SendSoon(answer.WrittenSpan);
        }
        catch (Exception failure)
        {
            LogPublishFailed(_services.Log, failure, _connection.Id);
            _connection.RequestClose(CloseRequest.InternalError);
        }
        finally
        {
            _pending!.EndPublish(lane, cost);
        }
    }

    private void Acknowledge(PublishResult result, ChannelName channel, ReadOnlySpan<byte> id)
    {
        if (Answer(result, channel, id) is { } answer)
            Writer.Send(answer.WrittenSpan);
    }

    /// <returns>Null where the client wants none.</returns>
    private ArrayBufferWriter<byte>? Answer(PublishResult result, ChannelName channel, ReadOnlySpan<byte> id)
    {
        if (!result.IsAccepted)
            return ErrorReply(SessionError.Of(result.Outcome), id, channel.Utf8);
        if (id.IsEmpty)
            return null;
        var reply = ReplyBuffer.Rent();
        ServerMessageWriter.Ack(reply, id, channel.Json, result.Position?.Epoch, result.Position?.Seq ?? 0);
        return reply;
    }

    [LoggerMessage(21, LogLevel.Error, "A message of connection {Connection} could not be published; it is closed with 1011.")]
    private static partial void LogPublishFailed(ILogger log, Exception failure, string connection);
}
