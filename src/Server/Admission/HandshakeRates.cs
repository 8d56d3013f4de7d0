using System.Net;
using System.Runtime.InteropServices;
using Gateway.Server.Cluster;
using Gateway.Server.Connections;
using Gateway.Server.Options;

namespace Gateway.Server.Admission;

/// <summary>
/// How many upgrades and streams one address may ask for, on all nodes together: a second's worth at once. Safe for any thread; used by
/// <see cref="AdmissionControl"/>, and by the cluster with what other nodes say.
/// </summary>
/// <remarks>
/// Nodes tell each other, at most ten times a second, how many handshakes of an address they let through, and each takes those of the
/// others from its own bucket. Before they know of each other they may let through too many; that is a debt, and refused later. An address
/// is told when it has made a small part of the limit, so one that stays far below it is never reported.
/// </remarks>
internal sealed class HandshakeRates(GatewayOptions options, TimeProvider time) : AddressRates(new RateLimits(
    new LimitsOptions
    {
        MessagesPerSecond = options.Limits.HandshakesPerSecondPerAddress,
        MessageBurst = options.Limits.HandshakesPerSecondPerAddress,
        BytesPerSecond = 0,
    },
    time)), ISharedHandshakeRates
{
    /// <summary>Addresses in one message, of some 10 KB; the next takes more.</summary>
    public const int MostReported = 256;

    /// <summary>An address whose handshakes of all nodes are paid for later than this is let in again nevertheless.</summary>
    private const int MostDebtSeconds = 10;

    /// <summary>From one message to the next.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly int _rate = options.Limits.HandshakesPerSecondPerAddress;
    private readonly Dictionary<AddressKey, Unreported> _unreported = [];
    private readonly Queue<AddressKey> _due = [];
    private bool _isReporting;
    private volatile IPeerNodes? _peers;

    /// <summary>Whether something was told a moment ago, or is about to be.</summary>
    public bool IsReporting
    {
        get
        {
            lock (Gate)
                return _isReporting;
        }
    }

    /// <summary>To be called once, when there may be other nodes.</summary>
    public void Join(IPeerNodes peers) => _peers = peers;

    /// <summary>Another node has let through so many handshakes of these addresses.</summary>
    public void OnReport(IReadOnlyDictionary<string, int> addresses)
    {
        foreach (var (text, count) in addresses)
        {
            if (count > 0 && IPAddress.TryParse(text, out var address))
                Charge(address, count, most: (long)_rate * MostDebtSeconds);
        }
    }

    protected override void OnTaken(AddressKey address, long now)
    {
        int nodes = _peers?.Reachable ?? 1;
        if (nodes == 1 || (_unreported.Count >= MostAddresses && !_unreported.ContainsKey(address)))
            return;
        ref var unreported = ref CollectionsMarshal.GetValueRefOrAddDefault(_unreported, address, out _);
        unreported.Count = unreported.LeftAt(now, LeakOf(nodes), time) + 1;
        unreported.At = now;
        // All nodes together keep a quarter of a second's worth to themselves.
        if (unreported.IsDue || unreported.Count < _rate / (4.0 * nodes))
            return;
        unreported.IsDue = true;
        _due.Enqueue(address);
        if (_isReporting)
            return;
        _isReporting = true;
        _ = ReportAsync();
    }

    protected override void OnForget(long now)
    {
        double leak = LeakOf(_peers?.Reachable ?? 1);
        foreach (var (address, unreported) in _unreported)
        {
            if (!unreported.IsDue && unreported.LeftAt(now, leak, time) == 0)
                _unreported.Remove(address);
        }
    }

    /// <summary>Handshakes a second that are never told: of all nodes together a fortieth of the limit.</summary>
    private double LeakOf(int nodes) => _rate / (40.0 * nodes);

    /// <summary>Reports to the other nodes as long as there is something to report.</summary>
    private async Task ReportAsync()
    {
        // The caller holds the lock.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (TakeDue() is { } reported)
        {
            _peers!.SendHandshakes(reported);
            await Task.Delay(Pause, time).ConfigureAwait(false);
        }
    }

    private Dictionary<string, int>? TakeDue()
    {
        lock (Gate)
        {
            var reported = new Dictionary<string, int>();
            while (reported.Count < MostReported && _due.TryDequeue(out var address))
            {
                if (_unreported.Remove(address, out var unreported))
                    reported[address.ToAddress().ToString()] = (int)Math.Round(unreported.Count);
            }
            _isReporting = reported.Count > 0;
            return _isReporting ? reported : null;
        }
    }

    /// <summary>Handshakes of an address that the other nodes do not know of.</summary>
    private record struct Unreported(double Count, long At, bool IsDue)
    {
        public readonly double LeftAt(long now, double leak, TimeProvider time) =>
            Math.Max(0, Count - (time.GetElapsedTime(At, now).TotalSeconds * leak));
    }
}
