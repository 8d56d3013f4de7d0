namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// Immutable. The one script of <see cref="RedisOccupancy"/>: everything that a node has to say about one bucket of names, and what is to
/// be told of it.
/// </summary>
internal static class OccupancyScript
{
    /// <summary>
    /// KEYS of one bucket: places, a sorted set of node and name by when they expire; names, a hash from name to the number of nodes that
    /// have it, the version of its last change, and the node that has yet to tell that change; untold, a sorted set of the names whose
    /// change has yet to be told by when another node tells it instead. A name that is vacant stays until that is told. ARGV node (12
    /// bytes), ms of absence, ms to live, 1 to look after what others left, then what is done, a name and a version each: '=' the change
    /// was told; '~' it will be; '+' this node has the name; '-' it has it no more. Returns 1 when more may have expired, then name, number
    /// of nodes and version of each change that this node is to tell.
    /// </summary>
    /// <remarks>
    /// Whoever looks after what others left removes what has expired, at most 100 at a time, and takes over what they have not told. But
    /// when nobody has called for ARGV[2] ms, Redis was away for all of them: then the first to be back waits 5 s for the others. Field ''
    /// of the names has the time of the last call, until when what has expired stays, and the version, which is the time in microseconds,
    /// so that none is given again after data were lost. '+' and '-' name what this node has yet to tell once more: the answer to the first
    /// time may not have arrived. '-' of a name that nobody knows is a change, too: the data were lost, and whoever was told that the name
    /// is occupied must hear that it is not. The keys live for a day after the last call, so that even a stop of all nodes is followed by
    /// the truth.
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
