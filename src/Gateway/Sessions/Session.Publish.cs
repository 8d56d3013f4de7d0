using Gateway.Auth;
using Gateway.Backplane;
using Gateway.Channels;
using Gateway.Protocol.Messages;

namespace Gateway.Sessions;

/// <content><c>message</c>.</content>
internal sealed partial class Session
{
    private ValueTask Publish(in ClientMessage message)
    {
        var local = _services.Channels.Find(message.Channel);
        string problem = "";
        if ((local?.Name ?? NameOf(message.Channel, out problem)) is not { } name)
        {
            SendError(SessionError.BadRequest(problem), message);
            return default;
        }
        if (!ChannelRights.May(_identity, name, Rights.Publish))
        {
            SendError(SessionError.Forbidden, message);
            return default;
        }
        var publishing = _services.Backplane.PublishAsync(name, new PublishRequest
        {
            Content = message.Content,
            Sender = _identity.Sender,
            Key = message.Key,
            Except = message.Echo ? null : _connection.Id,
        });
        if (!publishing.IsCompletedSuccessfully)
            return AcknowledgeAsync(publishing, name, message.Id.ToArray());
        Acknowledge(publishing.Result, name, message.Id);
        // The one whose messages pile up waits; its subscribers and other publishers do not.
        return local is { IsBacklogged: true } ? new ValueTask(local.RoomAsync()) : default;
    }

    private async ValueTask AcknowledgeAsync(ValueTask<PublishResult> publishing, ChannelName channel, byte[] id) =>
        Acknowledge(await publishing, channel, id);

    private void Acknowledge(PublishResult result, ChannelName channel, ReadOnlySpan<byte> id)
    {
        if (!result.Accepted)
        {
            SendError(SessionError.Unavailable, id, channel.Utf8);
            return;
        }
        if (id.IsEmpty)
            return;
        var reply = ReplyBuffer.Rent();
        ServerMessageWriter.Ack(reply, id, channel.Json, result.Position?.Epoch, result.Position?.Seq ?? 0);
        Outbox.Send(reply.WrittenSpan);
    }
}
