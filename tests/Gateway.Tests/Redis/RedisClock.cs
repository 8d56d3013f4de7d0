using System.Globalization;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis;

/// <summary>Redis's own clock, by which the entries of sorted sets expire. Stateless.</summary>
internal static class RedisClock
{
    /// <summary>Unix milliseconds.</summary>
    public static async Task<long> NowAsync(this RedisServer redis)
    {
        string[] time = (await redis.CommandAsync("TIME")).Split('\n');
        return (long.Parse(time[0], CultureInfo.InvariantCulture) * 1000) + (long.Parse(time[1], CultureInfo.InvariantCulture) / 1000);
    }

    /// <summary>When the last entry of a sorted set expires; 0 where there is none.</summary>
    public static async Task<long> LastExpiryAsync(this RedisServer redis, string key)
    {
        string[] last = (await redis.CommandAsync("ZRANGE", key, "-1", "-1", "WITHSCORES")).Split('\n');
        return last.Length < 2 ? 0 : long.Parse(last[1], CultureInfo.InvariantCulture);
    }

    /// <summary>When the last entry of several sorted sets expires.</summary>
    public static async Task<long> LastExpiryOfAllAsync(this RedisServer redis, string pattern)
    {
        const string Script = """
            local last = 0
            for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
              last = math.max(last, tonumber(redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2]))
            end
            return last
            """;
        return long.Parse(await redis.CommandAsync("EVAL", Script, "0", pattern), CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until a moment has passed.</summary>
    public static Task PassesAsync(this RedisServer redis, long moment) =>
        Eventually.TrueAsync(async () => await redis.NowAsync() > moment, "Redis's clock has passed a moment");

    /// <summary>Waits until every entry of a sorted set has expired, whether it is still there or not.</summary>
    public static Task AllExpireAsync(this RedisServer redis, string key) => Eventually.TrueAsync(
        async () => await redis.NowAsync() > await redis.LastExpiryAsync(key), $"all of {key} has expired");
}
