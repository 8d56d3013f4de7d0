using Gateway.Protocol.Messages;
using Gateway.Server.Application;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>A publish that has to wait, for its turn or for the application: a copy of what the client sent, made once.</summary>
internal sealed class QueuedPublish : ChannelRequest
{
    private readonly byte[] _bytes;
    private readonly PayloadKind _kind;
    private readonly int _length;
    private readonly bool _echo;

    /// <param name="channel">The channel.</param>
    /// <param name="command">The client's wish; copied.</param>
    public QueuedPublish(ChannelName channel, in PublishCommand command)
    {
        Channel = channel;
        Id = command.Id.ToArray();
        (_kind, _length, _echo) = (command.Payload.Kind, command.Payload.Bytes.Length, command.Echo);
        _bytes = [.. command.Payload.Bytes, .. command.Key];
    }

    public override int Cost => PendingRequests.PublishCost;

    public override int HeldBytes => Id.Length + _bytes.Length;

    /// <summary>The client's wish, as long as this object lives.</summary>
    public PublishCommand Command => new()
    {
        Channel = Channel.Utf8,
        Payload = new Payload(_kind, _bytes.AsSpan(0, _length)),
        Key = _bytes.AsSpan(_length),
        Echo = _echo,
        Id = Id,
    };

    public override ValueTask RunAsync(ChannelSession session) => session.PublishNow(Command);

    /// <summary>
    /// Publishes what the application has decided. The client is not read meanwhile, so that its messages keep their order.
    /// </summary>
    public async ValueTask RunIfAllowedAsync(ChannelSession session, ValueTask<Decision> deciding)
    {
        var decision = await deciding.ConfigureAwait(false);
        await session.TurnAsync(Channel, isPublish: true).ConfigureAwait(false);
        if (decision.Denial is { } denial)
            session.Refuse(denial, Id, Channel.Utf8);
        else
            await session.PublishNow(Command with { Payload = decision.Apply(Command.Payload) }).ConfigureAwait(false);
        await session.WaitForCapacityAsync().ConfigureAwait(false);
    }
}
