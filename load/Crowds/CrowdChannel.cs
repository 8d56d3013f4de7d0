using System.Text;
using Gateway.Load.Dialects;
using Gateway.Load.Sockets;

namespace Gateway.Load.Crowds;

/// <summary>
/// A channel of a <see cref="Crowd"/>, whose one publisher numbers its messages. The publisher's side is for one thread; the rest is safe
/// for any.
/// </summary>
internal sealed class CrowdChannel(uint number, string name)
{
    private readonly Envelope _envelope = JsonDialect.Gateway.Publish(name);
    private readonly byte[] _subscribe = Encoding.UTF8.GetBytes(JsonDialect.Gateway.Subscribe(name));
    private string? _epoch;
    private uint _published;

    /// <summary>The number in its messages' <see cref="Marker.Source"/>.</summary>
    public uint Number => number;

    public string Name => name;

    /// <summary>Counted before the message is sent, so that whoever has it is not ahead.</summary>
    public uint Published => Volatile.Read(ref _published);

    /// <summary>What the last answer said: a client keeps the newest.</summary>
    public string? Epoch
    {
        get => Volatile.Read(ref _epoch);
        set => Volatile.Write(ref _epoch, value);
    }

    /// <summary>The request of a member.</summary>
    /// <param name="position">The position of the last message that it has. Null for one that was never subscribed.</param>
    public byte[] Subscribe(uint? position) => position is { } last && Epoch is { } epoch
        ? Encoding.UTF8.GetBytes(JsonDialect.Recover(name, epoch, last))
        : _subscribe;

    /// <summary>Sends the next message.</summary>
    public void Publish(Clients.Client publisher, byte[] content, long at)
    {
        new Marker(number, _published, at).Write(content);
        Volatile.Write(ref _published, _published + 1);
        publisher.Send(_envelope, content);
    }
}
