using System.Diagnostics;
using Gateway.Load.Clients;
using Gateway.Load.Dialects;

namespace Gateway.Load.Scenarios;

/// <summary>
/// Its visits are one task; residents' loops tell it what they see. Comes into a room, listens, and leaves, again and again.
/// </summary>
internal sealed class Visitor(LoadRun run, Topic room, Client client)
{
    private readonly Measuring.Series _seen = run.Series("presence");
    private readonly Lock _sight = new();
    private HashSet<Client> _residents = [];
    private HashSet<Client> _unaware = [];
    private TaskCompletionSource _isSeen = new();
    private long _since;
    private bool _isComing;
    private volatile bool _staysAway;

    public Topic Room => room;

    public int Visits { get; private set; }

    /// <summary>Before the residents subscribe.</summary>
    public void WatchFrom(IEnumerable<Client> residents)
    {
        _residents = [.. residents];
        foreach (var resident in _residents)
            resident.PresenceChanged += message => See(resident, message);
    }

    /// <summary>Makes the visit under way its last.</summary>
    public void StayAway() => _staysAway = true;

    public async Task ComeAndGoAsync()
    {
        try
        {
            while (!_staysAway && run.Problems.Count == 0)
            {
                await client.ConnectAsync();
                var coming = Look(isComing: true);
                client.Expect(new Listener(client, room, Listener.Kind.Visiting, run.Series("delivery"), run.Problems));
                await client.SubscribeAsync(room.Channel);
                await run.InTime(coming, $"some in {room.Channel} did not see {client} join");
                var going = Look(isComing: false);
                await client.CloseAsync();
                client.ExpectNothing();
                await run.InTime(going, $"some in {room.Channel} did not see {client} leave");
                Visits++;
            }
        }
        catch (LoadException failure)
        {
            run.Problems.Add(failure.Message);
        }
        catch (OperationCanceledException)
        {
            // Another problem has ended the run.
        }
    }

    private Task Look(bool isComing)
    {
        lock (_sight)
        {
            _unaware = [.. _residents];
            _isSeen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _isComing = isComing;
            _since = Stopwatch.GetTimestamp();
            return _isSeen.Task;
        }
    }

    private void See(Client resident, ServerMessage message)
    {
        if (message.Joined.Count + message.Left.Count == 0)
            run.Problems.Add(
                $"{resident}: {room.Channel} tells only how many are there: fewer to a room than Presence:MaxUsers are needed");
        lock (_sight)
        {
            if (!(_isComing ? message.Joined : message.Left).Contains(client.User) || !_unaware.Remove(resident))
                return;
            _seen.Record(resident.Loop.Index, Stopwatch.GetTimestamp() - _since);
            if (_unaware.Count == 0)
                _isSeen.TrySetResult();
        }
    }
}
