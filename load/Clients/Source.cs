using Gateway.Load.Dialects;
using Gateway.Load.Sockets;

namespace Gateway.Load.Clients;

/// <summary>
/// The numbered messages of one client to one channel. By the numbers each listener knows what is missing, double or out of order. Safe for
/// any thread.
/// </summary>
internal sealed class Source
{
    private readonly Lock _order = new();
    private readonly Publication?[] _underWay;
    private readonly Envelope _envelope;
    private readonly byte[] _content;
    private uint _next;

    /// <param name="id">Its place among all sources of the run.</param>
    /// <param name="index">Its place among those of its topic.</param>
    /// <param name="topic">Where its messages go.</param>
    /// <param name="client">Who sends them.</param>
    /// <param name="envelope">What stands around a content.</param>
    /// <param name="bytes">The length of a content.</param>
    /// <param name="inFlight">How many may be under way.</param>
    public Source(uint id, int index, Topic topic, Client client, Envelope envelope, int bytes, int inFlight)
    {
        Id = id;
        Index = index;
        Topic = topic;
        Client = client;
        _envelope = envelope;
        _underWay = new Publication?[inFlight];
        _content = new byte[bytes];
        Filler.Of(bytes - Marker.Length).CopyTo(_content.AsSpan(Marker.Length));
    }

    public uint Id { get; }

    public int Index { get; }

    public Topic Topic { get; }

    public Client Client { get; }

    /// <summary>The number of messages sent.</summary>
    public uint Sent => Volatile.Read(ref _next);

    /// <summary>Sends the next message. Complete when all listeners that count have it.</summary>
    /// <param name="due">When it was to be sent, which may be earlier: what it waited counts.</param>
    public ValueTask PublishAsync(long due)
    {
        lock (_order)
        {
            uint number = _next;
            var publication = _underWay[number % (uint)_underWay.Length] ??= new Publication();
            if (publication.IsBusy)
                throw new LoadException($"{_underWay.Length} messages to {Topic.Channel} are unanswered");
            var arrived = publication.Begin(Topic.Audience);
            new Marker(Id, number, due).Write(_content);
            Volatile.Write(ref _next, number + 1);
            Client.Send(_envelope, _content);
            return arrived;
        }
    }

    /// <summary>A listener that counts has the message.</summary>
    public void Arrive(uint number) => _underWay[number % (uint)_underWay.Length]!.Arrive();
}
