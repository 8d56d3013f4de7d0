using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Gateway.Server.Clock;
using Gateway.Server.Connections;

namespace Gateway.Server.Admission;

/// <summary>
/// How often one address may do something: a meter for each address. Safe for any thread. A meter whose buckets are full again is removed,
/// so the table holds the addresses of late, and never more than <see cref="MostAddresses"/>.
/// </summary>
internal abstract class AddressRates(RateLimits limits) : ITickHandler
{
    /// <summary>
    /// About 5 MB. Counting addresses does not stop a client that has more of them than this; addresses without room are let in uncounted,
    /// because refusing them would lock everybody out.
    /// </summary>
    public const int MostAddresses = 65_536;

    private const long ForgetMilliseconds = 1_000;

    /// <summary>Held while anything of an address changes.</summary>
    protected Lock Gate { get; } = new();

    private readonly Dictionary<AddressKey, RateMeter> _meters = [];
    private long _forgotten;

    /// <summary>Addresses remembered.</summary>
    public int Count
    {
        get
        {
            lock (Gate)
                return _meters.Count;
        }
    }

    /// <param name="address">Where the request comes from.</param>
    /// <param name="wait">When the next one would be let in.</param>
    public bool TryTake(IPAddress address, out TimeSpan wait) => TryTake(address, bytes: 0, out wait);

    /// <param name="address">Where the request comes from.</param>
    /// <param name="bytes">What it is counted as beside the request itself.</param>
    /// <param name="wait">When it would be let in.</param>
    public bool TryTake(IPAddress address, long bytes, out TimeSpan wait)
    {
        wait = default;
        if (limits.IsUnlimited)
            return true;
        long now = limits.Now;
        lock (Gate)
        {
            var key = AddressKey.Of(address);
            ref var meter = ref MeterOf(key, now);
            if (Unsafe.IsNullRef(ref meter))
                return true;
            if (meter.TryTake(limits, bytes, now, out _))
            {
                OnTaken(key, now);
                return true;
            }
            wait = limits.Time(meter.Charge(limits, bytes, now));
            return false;
        }
    }

    /// <summary>For how long nothing is to be read from an address, because bytes of what it was refused are not paid for.</summary>
    /// <param name="address">Where the request comes from.</param>
    /// <param name="bytes">What it will be counted as, so that it can be let in after the wait.</param>
    public TimeSpan DebtOf(IPAddress address, long bytes)
    {
        if (limits.Bytes.IsUnlimited)
            return default;
        lock (Gate)
        {
            ref var meter = ref CollectionsMarshal.GetValueRefOrNullRef(_meters, AddressKey.Of(address));
            return Unsafe.IsNullRef(ref meter) ? default : limits.Time(meter.Debt(limits, bytes, limits.Now));
        }
    }

    /// <summary>Takes what was let through elsewhere, whether it is there or not.</summary>
    /// <param name="address">Where the requests came from.</param>
    /// <param name="count">How many.</param>
    /// <param name="most">What an address can owe; the rest is forgiven.</param>
    protected void Charge(IPAddress address, int count, long most)
    {
        if (limits.Messages.IsUnlimited)
            return;
        long now = limits.Now;
        lock (Gate)
        {
            ref var meter = ref MeterOf(AddressKey.Of(address), now);
            if (!Unsafe.IsNullRef(ref meter))
                meter.ChargeMessages(limits, count, now, most);
        }
    }

    /// <summary>Called under <see cref="Gate"/> when a request was let in and counted.</summary>
    /// <param name="address">Where it comes from.</param>
    /// <param name="now">On <see cref="RateLimits.Now"/>.</param>
    protected virtual void OnTaken(AddressKey address, long now)
    {
    }

    /// <summary>Called under <see cref="Gate"/>, once a second.</summary>
    /// <param name="now">On <see cref="RateLimits.Now"/>.</param>
    protected virtual void OnForget(long now)
    {
    }

    /// <returns>A null reference where there is no room for another.</returns>
    private ref RateMeter MeterOf(AddressKey address, long now)
    {
        if (_meters.Count >= MostAddresses && !_meters.ContainsKey(address))
            return ref Unsafe.NullRef<RateMeter>();
        ref var meter = ref CollectionsMarshal.GetValueRefOrAddDefault(_meters, address, out bool known);
        if (!known)
            meter = new RateMeter(limits, now);
        return ref meter;
    }

    void ITickHandler.OnTick(long now)
    {
        if (limits.IsUnlimited || now - _forgotten < ForgetMilliseconds)
            return;
        _forgotten = now;
        long timestamp = limits.Now;
        lock (Gate)
        {
            foreach (var (address, meter) in _meters)
            {
                if (meter.IsFull(limits, timestamp))
                    _meters.Remove(address);
            }
            OnForget(timestamp);
        }
    }
}
