using Gateway.Server.Admission;
using Gateway.Server.Cluster;

namespace Gateway.Tests.Connections;

/// <summary>
/// A bus between the limits of several nodes in this process, for one test. Messages wait until the test delivers them, and come to all
/// nodes in the order in which they were sent.
/// </summary>
internal sealed class PeerBus
{
    private readonly Lock _gate = new();
    private readonly List<Seat> _seats = [];
    private readonly Queue<Action> _messages = [];

    /// <summary>Messages sent so far, each to all nodes.</summary>
    public int Sent { get; private set; }

    /// <summary>Messages that wait to be delivered.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
                return _messages.Count;
        }
    }

    /// <summary>Nodes that get no message and answer none.</summary>
    public HashSet<string> Silent { get; } = [];

    /// <summary>Whether no node reaches another.</summary>
    public bool IsAway { get; set; }

    public void Join(string node, UserLimit? users, HandshakeRates? rates)
    {
        var seat = new Seat(this, node, users, rates);
        _seats.Add(seat);
        users?.Join(seat);
        rates?.Join(seat);
    }

    /// <summary>Delivers waiting messages until none is left.</summary>
    public void Deliver()
    {
        while (true)
        {
            Action message;
            lock (_gate)
            {
                if (!_messages.TryDequeue(out message!))
                    return;
            }
            message();
        }
    }

    /// <summary>Delivers the heartbeats of all nodes.</summary>
    public void Beat()
    {
        foreach (var seat in _seats)
        {
            if (seat.Users!.Report() is { } report)
                Others(seat).ForEach(other => other.Users!.OnReported(seat.Node, report));
            seat.HasMissed = false;
        }
    }

    /// <summary>Stops a node, which then says so to the others.</summary>
    public void Leave(string node)
    {
        _seats.RemoveAll(seat => seat.Node == node);
        _seats.ForEach(seat => seat.Users!.OnGone(node));
    }

    private List<Seat> Others(Seat seat) => [.. _seats.Where(other => other != seat && !Silent.Contains(other.Node))];

    private void Send(Action message)
    {
        lock (_gate)
        {
            Sent++;
            _messages.Enqueue(message);
        }
    }

    private sealed class Seat(PeerBus bus, string node, UserLimit? users, HandshakeRates? rates) : IPeerNodes
    {
        public string Node => node;

        public UserLimit? Users => users;

        public bool HasMissed { get; set; }

        public int Reachable => bus.IsAway ? 1 : bus._seats.Count;

        public string[] Counting => [.. bus._seats.Where(other => other != this && !other.HasMissed).Select(other => other.Node)];

        public void Missed(string missed) =>
            bus._seats.Where(other => other.Node == missed).ToList().ForEach(other => other.HasMissed = true);

        public void Claim(string id, IReadOnlyDictionary<string, int> claimed) => bus.Send(() =>
        {
            users!.OnPlaced(id);
            foreach (var other in bus.Others(this))
                users.OnAnswered(other.Node, id, other.Users!.OnClaimed(node, claimed));
        });

        public void SendHandshakes(IReadOnlyDictionary<string, int> addresses) =>
            bus.Send(() => bus.Others(this).ForEach(other => other.OnReport(addresses)));

        private void OnReport(IReadOnlyDictionary<string, int> addresses) => rates!.OnReport(addresses);
    }
}
