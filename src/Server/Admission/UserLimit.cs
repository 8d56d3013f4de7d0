using System.Collections.Frozen;
using System.Security.Cryptography;
using Gateway.Server.Cluster;
using Gateway.Server.Options;

namespace Gateway.Server.Admission;

/// <summary>
/// How many connections each user has, at most <c>Limits:ConnectionsPerUser</c> on all nodes together. Safe for any thread; used by
/// <see cref="ConnectionLimits"/> when a connection comes and goes, and by the cluster with what other nodes say.
/// </summary>
/// <remarks>
/// <para>A node lets in so few connections of a user without asking that all nodes together have half the limit that way. A user with more
/// connections on a node is told to the others with every heartbeat; where these tell of more than half the limit, a node asks for every
/// connection.</para>
/// <para>To ask is to claim. All nodes, this one too, hear in one order how many connections a node wants. Each answers with those it has
/// and those that it claimed before. So two nodes that claim at the same time do not both get the last place, and none is lost between
/// them.</para>
/// <para>One claim is under way at a time, for all users with connections that wait; connections that come meanwhile wait for the next. A
/// user who was refused is refused for a while without a claim. So neither one who tries all the time nor many make more than a bounded
/// number of messages.</para>
/// </remarks>
internal sealed class UserLimit(GatewayOptions options, TimeProvider time) : ISharedUserLimit
{
    /// <summary>Who finds no room in a claim waits for the next.</summary>
    public const int MostClaimed = 256;

    private const int MostRefused = 4_096;

    /// <summary>What a heartbeat has room for: those with the most connections come first, and they are who matters.</summary>
    private const int MostReported = 512, MostReportedChars = 32 * 1024;

    /// <summary>
    /// Longer than an answer takes, shorter than a client's patience. Only a node that has just vanished takes that long, and once.
    /// </summary>
    public static readonly TimeSpan AnswerTime = TimeSpan.FromMilliseconds(500);

    /// <summary>From one claim to the next: fifty a second, whatever clients do.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>How long a refusal holds without asking again, unless a connection of the same user ends here.</summary>
    public static readonly TimeSpan RefusalTime = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private readonly int _limit = options.Limits.ConnectionsPerUser;
    private readonly CountPerKey<string> _counts = new(options.Limits.ConnectionsPerUser);
    private readonly PeerCounts _peerCounts = new(time);
    private readonly Dictionary<string, long> _refused = [];

    /// <summary>Users who have, or had, more connections here than they may without asking.</summary>
    private readonly HashSet<string> _many = [];

    /// <summary>What <see cref="_many"/> goes by; a node alone asks nobody.</summary>
    private int _share = int.MaxValue;

    private Dictionary<string, List<WaitingPlace>> _waiting = [];
    private ClaimRound? _round;
    private bool _isClaiming;
    private volatile IPeerNodes? _peers;

    /// <summary>Users with connections here.</summary>
    public int Users
    {
        get
        {
            lock (_gate)
                return _counts.Keys;
        }
    }

    /// <summary>To be called once, when there may be other nodes.</summary>
    public void Join(IPeerNodes peers) => _peers = peers;

    /// <summary>Counts a connection as one of a user. At once, unless the user has so many that other nodes have to be asked.</summary>
    /// <returns>False when the user has as many as one may have.</returns>
    public ValueTask<bool> IdentifyAsync(CountedLease lease, string user)
    {
        lock (_gate)
        {
            if (IsCounted(lease, user))
                return new ValueTask<bool>(true);
            int nodes = _peers?.Reachable ?? 1;
            if (_limit == 0 || _counts.Of(user) < ShareOf(user, nodes))
                return new ValueTask<bool>(TryCount(lease, user));
            if (nodes == 1 || IsRefused(user) || Wait(lease, user) is not { } place)
                return new ValueTask<bool>(false);
            if (!_isClaiming)
            {
                _isClaiming = true;
                _ = ClaimAsync();
            }
            return new ValueTask<bool>(place.Task);
        }
    }

    /// <summary>A connection has ended.</summary>
    public void Release(CountedLease lease)
    {
        lock (_gate)
        {
            if (lease.User is not { } user)
                return;
            _counts.Remove(user);
            _refused.Remove(user);
        }
    }

    /// <summary>For a heartbeat: the users who have more connections here than they may without asking. Null for none.</summary>
    public IReadOnlyDictionary<string, int>? Report()
    {
        lock (_gate)
        {
            _peerCounts.Forget();
            foreach (string user in _refused.Keys.Where(user => !IsRefused(user)).ToList())
                _refused.Remove(user);
            SetShare(_peers?.Reachable ?? 1);
            _many.RemoveWhere(user => _counts.Of(user) <= _share);
            if (_many.Count == 0)
                return null;
            int chars = 0;
            return _many.Select(user => KeyValuePair.Create(user, _counts.Of(user))).OrderByDescending(user => user.Value)
                .Take(MostReported)
                .TakeWhile(user => (chars += user.Key.Length) <= MostReportedChars).ToDictionary();
        }
    }

    /// <summary>Another node has so many connections of these users.</summary>
    public void OnReported(string node, IReadOnlyDictionary<string, int> users)
    {
        lock (_gate)
        {
            foreach (var (user, count) in users)
                _peerCounts.Set(node, user, count);
        }
    }

    /// <summary>Another node claims connections. To be called in the order of the bus.</summary>
    /// <returns>How many of these users there are here, or will be.</returns>
    public IReadOnlyDictionary<string, int> OnClaimed(string node, IReadOnlyDictionary<string, int> users)
    {
        var taken = new Dictionary<string, int>();
        lock (_gate)
        {
            foreach (var (user, count) in users)
            {
                _peerCounts.Set(node, user, count);
                int here = _counts.Of(user);
                if (_round is { IsPlaced: true } round && round.Waiting.TryGetValue(user, out var waiting))
                    here += waiting.Count;
                if (here > 0)
                    taken[user] = here;
            }
        }
        return taken;
    }

    /// <summary>The bus has brought this node's own claim back. To be called in the order of the bus.</summary>
    public void OnPlaced(string id)
    {
        lock (_gate)
        {
            if (_round is { } round && round.Id == id)
                round.IsPlaced = true;
        }
    }

    /// <summary>Another node has answered a claim.</summary>
    public void OnAnswered(string node, string id, IReadOnlyDictionary<string, int> taken)
    {
        lock (_gate)
        {
            if (_round is { } round && round.Id == id)
                round.Add(node, taken);
        }
    }

    /// <summary>Another node has stopped.</summary>
    public void OnGone(string node)
    {
        lock (_gate)
        {
            _peerCounts.Remove(node);
            _round?.Add(node, FrozenDictionary<string, int>.Empty);
        }
    }

    /// <summary>Also true where the connection ended meanwhile: nobody is there to be refused.</summary>
    private static bool IsCounted(CountedLease lease, string user) => lease.HasEnded || lease.User == user;

    /// <summary>How many connections a user may have here without asking.</summary>
    private int ShareOf(string user, int nodes)
    {
        SetShare(nodes);
        return nodes > 1 && _peerCounts.Sum(user) > _limit / 2 ? 0 : Math.Min(_share, _limit);
    }

    private void SetShare(int nodes)
    {
        int before = _share;
        _share = nodes == 1 ? int.MaxValue : _limit / (2 * nodes);
        if (_share == 0)
            _many.Clear();
        else if (_share < before || before == 0)
            _many.UnionWith(_counts.All.Where(user => user.Value > _share).Select(user => user.Key));
    }

    private bool TryCount(CountedLease lease, string user)
    {
        if (!_counts.TryAdd(user))
            return false;
        // Where there is no share, everybody asks in any case, and nobody has to be told.
        if (_share > 0 && _counts.Of(user) > _share)
            _many.Add(user);
        if (lease.SetUser(user) is { } before)
            _counts.Remove(before);
        return true;
    }

    private bool IsRefused(string user) => _refused.TryGetValue(user, out long since) && time.GetElapsedTime(since) < RefusalTime;

    /// <returns>Null where so many wait already that this one will not be let in.</returns>
    private WaitingPlace? Wait(CountedLease lease, string user)
    {
        int here = _counts.Of(user) + (_waiting.TryGetValue(user, out var waiting) ? waiting.Count : 0);
        if (here >= _limit)
            return null;
        if (waiting is null)
            _waiting[user] = waiting = [];
        var place = new WaitingPlace(lease);
        waiting.Add(place);
        return place;
    }

    /// <summary>Claims as long as somebody waits.</summary>
    private async Task ClaimAsync()
    {
        // Whoever asked holds the lock.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (TakeRound(out var users) is { } round)
        {
            try
            {
                var pause = Task.Delay(Pause, time);
                _peers!.Claim(round.Id, users);
                await round.Done.WaitAsync(AnswerTime, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                Decide(round);
                await pause.ConfigureAwait(false);
            }
            catch (Exception failure)
            {
                // Those who wait fail with it, and are logged as any that does.
                foreach (var place in round.Waiting.Values.SelectMany(places => places))
                    place.TrySetException(failure);
            }
        }
    }

    private ClaimRound? TakeRound(out Dictionary<string, int> users)
    {
        lock (_gate)
        {
            users = [];
            if (_waiting.Count == 0)
            {
                _isClaiming = false;
                return null;
            }
            var taken = _waiting;
            _waiting = [];
            foreach (var (user, places) in taken.Skip(MostClaimed).ToList())
            {
                _waiting[user] = places;
                taken.Remove(user);
            }
            foreach (var (user, places) in taken)
                users[user] = _counts.Of(user) + places.Count;
            _round = new ClaimRound(RandomNumberGenerator.GetHexString(16, lowercase: true), taken, _peers!.Counting);
            _round.CompleteIfAnswered();
            return _round;
        }
    }

    private void Decide(ClaimRound round)
    {
        lock (_gate)
        {
            _round = null;
            foreach (string node in round.Missing)
                _peers!.Missed(node);
            bool isAlone = _peers!.Reachable == 1;
            foreach (var (user, places) in round.Waiting)
            {
                long others = isAlone ? 0 : round.OthersOf(user) + _peerCounts.Sum(user, round);
                foreach (var place in places)
                {
                    bool isLetIn = IsCounted(place.Lease, user) || (_counts.Of(user) + others < _limit && TryCount(place.Lease, user));
                    if (!isLetIn)
                        Remember(user);
                    place.TrySetResult(isLetIn);
                }
            }
        }
    }

    private void Remember(string user)
    {
        // Forgetting costs a claim, no more.
        if (_refused.Count >= MostRefused)
            _refused.Clear();
        _refused[user] = time.GetTimestamp();
    }
}
