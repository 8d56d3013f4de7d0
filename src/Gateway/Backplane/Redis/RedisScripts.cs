namespace Gateway.Backplane.Redis;

/// <summary>Immutable. What runs inside Redis. Every script touches the keys of one channel only, and nothing it does grows without bound.</summary>
internal static class RedisScripts
{
    /// <summary>
    /// KEYS meta, stream, then the result of each message with an idempotency key. ARGV records, epoch if there is none yet, messages
    /// kept, stream ms, meta ms, pub/sub channel, result ms, then the number of the message each result belongs to. Returns the
    /// epoch, the seq before the first new message, and number and result of those that were not new.
    /// </summary>
    public static readonly RedisScript Publish = new("""
        local epoch = redis.call('HGET', KEYS[1], 'e')
        if not epoch then
          epoch = ARGV[2]
          redis.call('DEL', KEYS[1], KEYS[2])
          redis.call('HSET', KEYS[1], 'e', epoch)
        end
        local before = tonumber(redis.call('HGET', KEYS[1], 's') or '0')
        local records, seq, number, at, result, fresh, known = ARGV[1], before, 0, 1, 3, {}, {}
        while at < #records do
          local after = at + 4 + struct.unpack('>I4', records, at)
          number = number + 1
          local key, earlier
          if KEYS[result] and tonumber(ARGV[result + 5]) == number then
            key = KEYS[result]
            result = result + 1
            earlier = redis.call('GET', key)
          end
          if earlier then
            known[#known + 1] = number
            known[#known + 1] = earlier
          else
            seq = seq + 1
            local text = string.format('%.0f', seq)
            redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[3], text .. '-0', 'd', string.sub(records, at + 4, after - 1))
            if key then redis.call('SET', key, text .. ' ' .. epoch, 'PX', ARGV[7]) end
            fresh[#fresh + 1] = {at, after - 1}
          end
          at = after
        end
        if #fresh > 0 then
          redis.call('HSET', KEYS[1], 's', string.format('%.0f', seq))
          redis.call('PEXPIRE', KEYS[2], ARGV[4])
          redis.call('PEXPIRE', KEYS[1], ARGV[5])
          if #known > 0 then
            for i, part in ipairs(fresh) do fresh[i] = string.sub(records, part[1], part[2]) end
            records = table.concat(fresh)
          end
          redis.call('PUBLISH', ARGV[6], struct.pack('>BI8B', 18, before + 1, #epoch) .. epoch .. records)
        end
        return {epoch, before, known}
        """);

    /// <summary>KEYS the result of each message with an idempotency key. ARGV records, pub/sub channel, result ms, then the number of the message each result belongs to.</summary>
    public static readonly RedisScript PublishOnce = new("""
        local records, number, at, result, fresh = ARGV[1], 0, 1, 1, {}
        while at < #records do
          local after = at + 4 + struct.unpack('>I4', records, at)
          number = number + 1
          local isNew = true
          if KEYS[result] and tonumber(ARGV[result + 3]) == number then
            isNew = redis.call('SET', KEYS[result], '1', 'NX', 'PX', ARGV[3])
            result = result + 1
          end
          if isNew then fresh[#fresh + 1] = string.sub(records, at, after - 1) end
          at = after
        end
        if #fresh > 0 then redis.call('PUBLISH', ARGV[2], string.char(17) .. table.concat(fresh)) end
        return 1
        """);

    /// <summary>
    /// KEYS meta, stream. ARGV epoch if there is none yet, meta ms, first seq or '-', last seq or '+', 1 for backwards, limit, bytes.
    /// Reads in steps, so that large messages end it early.
    /// </summary>
    public static readonly RedisScript Read = new("""
        local epoch = redis.call('HGET', KEYS[1], 'e')
        if not epoch then
          epoch = ARGV[1]
          redis.call('DEL', KEYS[1], KEYS[2])
          redis.call('HSET', KEYS[1], 'e', epoch, 's', 0)
        end
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        local top = redis.call('HGET', KEYS[1], 's') or '0'
        local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)
        local found, bytes, more = {}, 0, 0
        local first, last, limit = ARGV[3], ARGV[4], tonumber(ARGV[6])
        local range = ARGV[5] == '1' and 'XREVRANGE' or 'XRANGE'
        while limit > 0 and more == 0 do
          local step
          if range == 'XRANGE' then step = redis.call(range, KEYS[2], first, last, 'COUNT', 32)
          else step = redis.call(range, KEYS[2], last, first, 'COUNT', 32) end
          for _, entry in ipairs(step) do
            bytes = bytes + #entry[2][2]
            if #found >= limit or (bytes > tonumber(ARGV[7]) and #found > 0) then more = 1 break end
            found[#found + 1] = {entry[1], entry[2][2]}
          end
          if #step < 32 then break end
          local at = '(' .. step[32][1]
          if range == 'XRANGE' then first = at else last = at end
        end
        return {epoch, tonumber(top), oldest[1] and oldest[1][1] or '', more, found}
        """);

    /// <summary>
    /// What the presence scripts share: ARGV[1] the pub/sub channel, ARGV[2] ms of absence, ARGV[3] ms to live. Users that nobody refreshed
    /// leave first, at most 200 in one call. But when no node has refreshed any for ARGV[2] ms, Redis was away for all of them: then the
    /// first to be back does not take the users of the others for dead. Field '' of the nodes has the time of the last refresh, until when
    /// expired users stay, the version, and when all of this began.
    /// </summary>
    /// <remarks>
    /// The version grows with each change, which is told with the one before it: whoever misses one sees it by the next. It is the time in
    /// microseconds, so that none is given again after the data were lost, whether all of them or the last.
    /// </remarks>
    private const string Presence = """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local last, spare, version, born = string.match(redis.call('HGET', KEYS[2], '') or '', '(%d+) (%d+) (%d+) (%d+)')
        version, born = tonumber(version or 0), tonumber(born or now)
        local known = version
        local function tell(joined, user, info)
          local before = version
          version = math.max(before + 1, time[1] * 1000000 + time[2])
          local count = redis.call('HLEN', KEYS[1])
          redis.call('PUBLISH', ARGV[1], struct.pack('>BI8I8BI4I2', 19, before, version, joined, count, #user) .. user .. info)
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
    /// KEYS users, nodes, expiry. ARGV as shared, node (12 bytes), then user and info of each. Comes and stays. 1 when more may have
    /// expired.
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
    /// KEYS as for <see cref="Join"/>. ARGV as shared, node, then each user. One whom Redis does not know is told as well: the data were
    /// lost, and others may still believe that the user is there.
    /// </summary>
    public static readonly RedisScript Leave = new(Presence + """
        for i = 5, #ARGV do
          if not leave(ARGV[4] .. ARGV[i]) and redis.call('HEXISTS', KEYS[1], ARGV[i]) == 0 then tell(0, ARGV[i], '') end
        end
        if version ~= known then save() end
        return 1
        """);

    /// <summary>
    /// KEYS as for <see cref="Join"/>. ARGV as shared, users at most. The version, for how many ms there have been data, the number of
    /// users, and, unless there are more than that, user and info of each.
    /// </summary>
    public static readonly RedisScript List = new(Presence + """
        if version ~= known then save() end
        local count = redis.call('HLEN', KEYS[1])
        if count > tonumber(ARGV[4]) then return {version, now - born, count} end
        return {version, now - born, count, redis.call('HGETALL', KEYS[1])}
        """);

    /// <summary>KEYS nodes. The version of the channel's presence; 0 where there are no data.</summary>
    public static readonly RedisScript PresenceVersion = new("""
        return tonumber(string.match(redis.call('HGET', KEYS[1], '') or '', '%d+ %d+ (%d+)') or 0)
        """);

    public static readonly RedisScript[] All = [Publish, PublishOnce, Read, Join, Leave, List, PresenceVersion];
}
