namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// The script of <see cref="RedisOccupancy"/>: it takes a node's updates of one bucket of names, and returns the changes that the node has
/// to deliver. Immutable.
/// </summary>
internal static class OccupancyScript
{
    /// <summary>
    /// KEYS of one bucket: places, a sorted set of node and name by their expiry; names, a hash from a name to the number of nodes that
    /// have it, the version of its last change, and the node that has yet to deliver the change; pending, a sorted set of the names with an
    /// undelivered change by the time at which another node takes the change over. A vacant name stays until that change is delivered. ARGV
    /// node (12 bytes), ms of absence, ms to live, 1 to take over what others left, then operation, name and version of each
    /// <see cref="OccupancyUpdate"/>. Returns 1 when more may have expired, then name, number of nodes and version of each change that this
    /// node has to deliver.
    /// </summary>
    /// <remarks>
    /// A node that takes over removes expired places, at most 100 at a time, and delivers the changes that others have not. But when no
    /// node has called for ARGV[2] ms, Redis was away for all of them: then the first node that is back waits 5 s for the others. Field ''
    /// of the names has the time of the last call, the time until which expired places stay, and the version. The version is the time in
    /// microseconds, so that none is given again after data were lost. '+' and '-' return an undelivered change of this node once more, as
    /// the first answer may not have arrived. '-' of an unknown name is a change, too: the data were lost, and an application that knows
    /// the name as occupied must learn that it is not. The keys live for a day after the last call, so that the truth follows even a stop
    /// of all nodes.
    /// </remarks>
    public static readonly RedisScript Update = new("""
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local last, spare, version = string.match(redis.call('HGET', KEYS[2], '') or '', '(%d+) (%d+) (%d+)')
        spare, version = tonumber(spare or 0), tonumber(version or 0)
        local node, lives, changes = ARGV[1], tonumber(ARGV[3]), {0}
        local function read(name)
          local found = redis.call('HGET', KEYS[2], name)
          if not found then return 0 end
          local count, at, teller = string.match(found, '^(%d+) (%d+) (.*)$')
          return tonumber(count), at, teller
        end
        local function write(name, count, at, teller)
          redis.call('HSET', KEYS[2], name, count .. ' ' .. at .. ' ' .. teller)
        end
        local function report(name, count, at)
          changes[#changes + 1] = name
          changes[#changes + 1] = count
          changes[#changes + 1] = at
        end
        local function change(name, count)
          version = math.max(version + 1, time[1] * 1000000 + time[2])
          local at = string.format('%.0f', version)
          redis.call('ZADD', KEYS[3], now + lives, name)
          write(name, count, at, node)
          report(name, count, at)
        end
        local function enter(name)
          local added = redis.call('ZADD', KEYS[1], now + lives, node .. name)
          local count, at, teller = read(name)
          if count == 0 then change(name, 1)
          elseif added == 1 then write(name, count + 1, at, teller)
          elseif teller == node then report(name, count, at) end
        end
        local function leave(place, name)
          local removed = redis.call('ZREM', KEYS[1], place)
          local count, at, teller = read(name)
          if removed == 1 and count > 1 then write(name, count - 1, at, teller)
          elseif removed == 1 or not at then change(name, 0)
          elseif teller == node then report(name, count, at) end
        end

        if last and now - last > tonumber(ARGV[2]) then spare = now + 5000 end
        if ARGV[4] == '1' and now >= spare then
          local expired = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 100)
          local forgotten = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 100)
          if #expired == 100 or #forgotten == 100 then changes[1] = 1 end
          for _, name in ipairs(forgotten) do
            local count, at = read(name)
            if at then
              redis.call('ZADD', KEYS[3], now + lives, name)
              write(name, count, at, node)
              report(name, count, at)
            else
              redis.call('ZREM', KEYS[3], name)
            end
          end
          for _, place in ipairs(expired) do leave(place, string.sub(place, 13)) end
        end
        for i = 5, #ARGV, 3 do
          local what, name = ARGV[i], ARGV[i + 1]
          if what == '+' then enter(name)
          elseif what == '-' then leave(node .. name, name)
          else
            local count, at, teller = read(name)
            if at == ARGV[i + 2] and what == '~' and teller == node then redis.call('ZADD', KEYS[3], now + lives, name)
            elseif at == ARGV[i + 2] and what == '=' then
              redis.call('ZREM', KEYS[3], name)
              if count == 0 then redis.call('HDEL', KEYS[2], name) else write(name, count, at, '') end
            end
          end
        end

        if redis.call('ZCARD', KEYS[1]) + redis.call('ZCARD', KEYS[3]) == 0 then
          redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3])
        else
          redis.call('HSET', KEYS[2], '', string.format('%.0f %.0f %.0f', now, spare, version))
          for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], 86400000) end
        end
        return changes
        """);
}
