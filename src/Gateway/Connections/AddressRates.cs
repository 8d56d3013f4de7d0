using System.Net;
using System.Runtime.InteropServices;
using Gateway.Hosting;

namespace Gateway.Connections;

/// <summary>
/// Safe for any thread. How often one address may do something: a token bucket each. A bucket that is full again is forgotten, so
/// the table holds those who came of late, and never more than <see cref="MostAddresses"/>.
/// </summary>
internal abstract class AddressRates(long perSecond, long burst, TimeProvider time) : ISwept
{
    /// <summary>
    /// About 4 MB. Who comes from more addresses than this in a second is not stopped by counting addresses; those that find no
    /// room are let in uncounted, for refusing them would lock everybody out.
    /// </summary>
    public const int MostAddresses = 65_536;

    private const long ForgetMilliseconds = 1_000;

    private readonly Lock _gate = new();
    private readonly TokenRate _rate = TokenRate.Of(perSecond, burst, time.TimestampFrequency);
    private readonly Dictionary<AddressKey, TokenBucket> _buckets = [];
    private long _forgotten;

    /// <summary>Addresses remembered.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _buckets.Count;
        }
    }

    /// <param name="address">Where the request comes from.</param>
    /// <param name="wait">When the next one would be let in.</param>
    public bool TryTake(IPAddress address, out TimeSpan wait)
    {
        wait = default;
        if (_rate.IsUnlimited)
            return true;
        long now = time.GetTimestamp();
        lock (_gate)
        {
            var key = AddressKey.Of(address);
            if (_buckets.Count >= MostAddresses && !_buckets.ContainsKey(key))
                return true;
            ref var bucket = ref CollectionsMarshal.GetValueRefOrAddDefault(_buckets, key, out bool known);
            if (!known)
                bucket = new TokenBucket(_rate, now);
            if (bucket.TryTake(_rate, 1, now))
                return true;
            wait = TimeSpan.FromSeconds((double)bucket.TicksUntil(_rate, 1) / time.TimestampFrequency);
            return false;
        }
    }

    void ISwept.OnTick(long now)
    {
        if (_rate.IsUnlimited || now - _forgotten < ForgetMilliseconds)
            return;
        _forgotten = now;
        long timestamp = time.GetTimestamp();
        lock (_gate)
        {
            foreach (var (address, bucket) in _buckets)
            {
                if (bucket.IsFull(_rate, timestamp))
                    _buckets.Remove(address);
            }
        }
    }
}
