using Gateway.Protocol.Messages;
using Gateway.Server.Application;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <content>
/// Publishing. Where nothing has to be waited for, a message is published and answered within the call, and nothing is allocated.
/// </content>
internal sealed partial class ChannelSession
{
    /// <summary>Publishes a message in its channel's turn.</summary>
    /// <returns>Completes when the client may send more.</returns>
    public ValueTask Publish(in PublishCommand command)
    {
        if (MustSignIn)
        {
            Refuse(SessionError.SignInFirst, command.Id, command.Channel);
            return default;
        }
        if (Services.ApplicationFor(Interests.Publish) is not null)
            return PublishIfAllowed(command);
        if (_pending?.BusyLane(command.Channel, isPublish: true) is { } lane)
        {
            _pending.Enqueue(lane, new QueuedPublish(lane.Channel, command));
            return WaitForCapacityAsync();
        }
        var publishing = PublishNow(command);
        // A publish waits only for its channel's own subscribers on this node; its answer comes by itself.
        return publishing.IsCompletedSuccessfully ? WaitForCapacityAsync() : publishing;
    }

    /// <summary>Publishes a message at once, if the client may.</summary>
    public ValueTask PublishNow(in PublishCommand command)
    {
        if (PublishableChannel(command, out var local) is not { } name)
            return default;
        var identity = NamedIdentity;
        var publishing = Services.Backplane.PublishAsync(name, new PublishRequest
        {
            Payload = command.Payload,
            Sender = identity.Sender,
            Key = identity.IsSignedIn
                ? IdempotencyKey.OfUser(identity.Sender, command.Key)
                : IdempotencyKey.OfConnection(identity.Sender, command.Key),
            Except = command.Echo ? null : Connection.Id,
        });
        if (publishing.IsCompletedSuccessfully)
            Answer(publishing.Result, name, command.Id, SendTiming.WithFlush);
        else
            Pending.AddPublish(publishing, name, command.Id.ToArray(), command.Payload.Bytes.Length);
        // The publisher waits when its messages pile up; the channel's subscribers and other publishers do not.
        return local is { IsBacklogged: true } ? new ValueTask(local.WaitForCapacityAsync()) : default;
    }

    /// <summary>The channel's name if the client may publish to it; otherwise answers with the error.</summary>
    private ChannelName? PublishableChannel(in PublishCommand command, out Channel? local)
    {
        local = Services.Channels.Find(command.Channel);
        string problem = "";
        if ((local?.Name ?? NameOf(command.Channel, out problem)) is not { } name)
        {
            Refuse(SessionError.BadRequest(problem), command.Id, command.Channel);
            return null;
        }
        if (IsAllowed(name, ChannelOperations.Publish))
            return name;
        Refuse(SessionError.Forbidden, command.Id, command.Channel);
        return null;
    }

    private ValueTask PublishIfAllowed(in PublishCommand command)
    {
        // The application has no say over a client without the right.
        if (PublishableChannel(command, out _) is not { } name)
            return default;
        return new QueuedPublish(name, command).RunIfAllowedAsync(this, this.DecidePublishAsync(name, command.Payload));
    }

    /// <summary>Answers a publish, unless it was done and the client wants no answer.</summary>
    public void Answer(PublishResult result, ChannelName channel, ReadOnlySpan<byte> id, SendTiming timing)
    {
        if (!result.IsAccepted)
            Refuse(SessionError.Of(result.Outcome), id, channel.Utf8, timing: timing);
        else if (!id.IsEmpty)
            Replies.Published(channel, id, result.Position, timing);
    }
}
