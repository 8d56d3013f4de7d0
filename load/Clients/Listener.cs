using Gateway.Load.Dialects;
using Gateway.Load.Measuring;

namespace Gateway.Load.Clients;

/// <summary>
/// On its client's loop; what it counted may be read when nothing is under way. One client's view of a topic: what it must get next.
/// </summary>
internal sealed class Listener
{
    private const long Unknown = -1;

    private readonly long[] _next;
    private readonly Kind _kind;
    private readonly Series _latencies;
    private readonly Problems _problems;

    /// <param name="client">Whose view it is.</param>
    /// <param name="topic">Its sources are complete.</param>
    /// <param name="kind">What is expected of it.</param>
    /// <param name="latencies">Where the time of each message goes.</param>
    /// <param name="problems">Where complaints go.</param>
    public Listener(Client client, Topic topic, Kind kind, Series latencies, Problems problems)
    {
        Client = client;
        Topic = topic;
        _kind = kind;
        _latencies = latencies;
        _problems = problems;
        _next = new long[topic.Sources.Count];
        if (kind == Kind.Visiting)
            Array.Fill(_next, Unknown);
        if (kind == Kind.Counting)
            topic.AddCounting(this);
    }

    internal enum Kind
    {
        /// <summary>Gets every message, once and in order.</summary>
        Counting,

        /// <summary>Comes while messages are under way: gets every one after its first.</summary>
        Visiting,

        /// <summary>Does not read, and may miss some: never one twice, and none out of order.</summary>
        Stalled,
    }

    public Client Client { get; }

    public Topic Topic { get; }

    /// <summary>The messages that it did not get.</summary>
    public long Missed { get; private set; }

    /// <summary>The number of messages that it got, of all sources.</summary>
    public long Got { get; private set; }

    /// <summary>
    /// A hash of the order of messages. Two listeners have the same one only if they got the same messages in the same order.
    /// </summary>
    public ulong OrderSeen { get; private set; }

    /// <summary>The number of the next message that it expects of a source.</summary>
    public long Next(Source source) => _next[source.Index];

    /// <param name="source">Whose message came.</param>
    /// <param name="marker">What it says.</param>
    /// <param name="loop">The loop on whose thread this is.</param>
    /// <param name="readAt">When it was read.</param>
    public void Take(Source source, Marker marker, int loop, long readAt)
    {
        ref long next = ref _next[source.Index];
        if (marker.Number != next && !MayCome(marker.Number, next))
        {
            _problems.Add($"{Client}: got message {marker.Number} of {source.Client} to {Topic.Channel} where {next} was due");
            return;
        }
        Missed += next == Unknown ? 0 : marker.Number - next;
        next = marker.Number + 1L;
        Got++;
        OrderSeen = (OrderSeen * 1_099_511_628_211) ^ (((ulong)source.Index << 32) | marker.Number); // FNV-1a's prime
        if (_kind == Kind.Stalled)
            return;
        _latencies.Record(loop, readAt - marker.At);
        if (_kind == Kind.Counting)
            source.Arrive(marker.Number);
    }

    private bool MayCome(uint number, long next) => next == Unknown || (_kind == Kind.Stalled && number > next);
}
