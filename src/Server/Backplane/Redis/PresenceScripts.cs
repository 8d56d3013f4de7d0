namespace Gateway.Server.Backplane.Redis;

/// <summary>The scripts that keep the users present in a channel. Immutable.</summary>
internal static class PresenceScripts
{
    /// <summary>
    /// The part that all presence scripts begin with. ARGV[1] the pub/sub channel, ARGV[2] ms of absence, ARGV[3] ms to live. Users that no
    /// node refreshed leave first, at most 200 in one call. But when no node has refreshed any for ARGV[2] ms, Redis was away for all of
    /// them: then the users of other nodes do not leave because one node is back first. Field '' of the nodes has the time of the last
    /// refresh, the time until which expired users stay, the version, and the time at which the data began. A Redis that makes room may
    /// drop one of the three keys, and the others would be wrong for good. So each must have as many users as the others; otherwise all
    /// three are dropped, which the nodes notice, and add their users again.
    /// </summary>
    /// <remarks>
    /// The version grows with each change. A change is published with the version before it, so that a node that missed one notices by the
    /// next. The version is the time in microseconds, so that none is given again after data were lost.
    /// </remarks>
    private const string Presence = """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local users, nodes, members = redis.call('HLEN', KEYS[1]), redis.call('HLEN', KEYS[2]), redis.call('ZCARD', KEYS[3])
        if users ~= math.max(nodes - 1, 0) or members < users or (users == 0 and members > 0) then redis.call('UNLINK', unpack(KEYS)) end
        local last, spare, version, born = string.match(redis.call('HGET', KEYS[2], '') or '', '(%d+) (%d+) (%d+) (%d+)')
        -- Lua cannot count beyond this number, so no gateway wrote it.
        if tonumber(version or 0) > 9007199254740000 then last, spare, version, born = nil end
        version, born = tonumber(version or 0), tonumber(born or now)
        local known = version
        local function tell(joined, user, info)
          local before = version
          version = math.max(before + 1, time[1] * 1000000 + time[2])
          local count = redis.call('HLEN', KEYS[1])
          redis.call('PUBLISH', ARGV[1], struct.pack('>BI8I8BI4I2I4', 35, before, version, joined, count, #user, #info) .. user .. info)
        end
        local function save()
          redis.call('HSET', KEYS[2], '', string.format('%.0f %.0f %.0f %.0f', last or now, spare or 0, version, born))
          for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], 10 * ARGV[3]) end
        end
        local function leave(member)
          if redis.call('ZREM', KEYS[3], member) == 0 then return false end
          local user = string.sub(member, 13)
          if redis.call('HINCRBY', KEYS[2], user, -1) > 0 then return true end
          redis.call('HDEL', KEYS[2], user)
          local info = redis.call('HGET', KEYS[1], user) or ''
          if redis.call('HDEL', KEYS[1], user) == 1 then tell(0, user, info) end
          return true
        end
        local away = last and now - last > tonumber(ARGV[2])
        local expired = {}
        if not away and now >= tonumber(spare or 0) then
          expired = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 200)
        end
        for _, member in ipairs(expired) do leave(member) end

        """;

    /// <summary>
    /// Adds or refreshes users. KEYS users, nodes, expiry. ARGV of the shared part, node (12 bytes), then user and info of each. Returns 1
    /// when more users may have expired.
    /// </summary>
    public static readonly RedisScript Join = new(Presence + """
        for i = 5, #ARGV, 2 do
          local user = ARGV[i]
          local member = ARGV[4] .. user
          if redis.call('ZADD', KEYS[3], now + ARGV[3], member) == 1 and redis.call('HINCRBY', KEYS[2], user, 1) == 1 then
            redis.call('HSET', KEYS[1], user, ARGV[i + 1])
            tell(1, user, ARGV[i + 1])
          end
        end
        last, spare = now, away and now + 5000 or spare
        save()
        return #expired == 200 and 1 or 0
        """);

    /// <summary>
    /// Removes users. KEYS as for <see cref="Join"/>. ARGV of the shared part, node, then each user. The leaving of a user that Redis does
    /// not know is published as well: the data were lost, and other nodes may still list the user.
    /// </summary>
    public static readonly RedisScript Leave = new(Presence + """
        for i = 5, #ARGV do
          if not leave(ARGV[4] .. ARGV[i]) and redis.call('HEXISTS', KEYS[1], ARGV[i]) == 0 then tell(0, ARGV[i], '') end
        end
        if version ~= known then save() end
        return 1
        """);

    /// <summary>
    /// Lists the users. KEYS as for <see cref="Join"/>. ARGV of the shared part, the most users. Returns the version, for how many ms there
    /// have been data, the number of users, and, unless there are more than the most, user and info of each.
    /// </summary>
    public static readonly RedisScript List = new(Presence + """
        if version ~= known then save() end
        local count = redis.call('HLEN', KEYS[1])
        if count > tonumber(ARGV[4]) then return {version, now - born, count} end
        return {version, now - born, count, redis.call('HGETALL', KEYS[1])}
        """);

    /// <summary>KEYS nodes. Returns the version of the channel's presence; 0 where there are no data.</summary>
    public static readonly RedisScript Version = new("""
        return tonumber(string.match(redis.call('HGET', KEYS[1], '') or '', '%d+ %d+ (%d+)') or 0)
        """);
}
