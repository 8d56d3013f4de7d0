namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// Immutable. What runs inside Redis. Every script touches the keys of one channel only, and nothing it does grows without bound.
/// </summary>
internal static class RedisScripts
{
    /// <summary>
    /// What the publishing scripts share: idempotency keys. The last two KEYS are the results and the older results, the ARGV behind
    /// ARGV[window], which is for how many ms a key counts, the number of a message and its key, and so on. A batch reads and writes all of
    /// its keys at once. The results begin anew, and become the older ones, when they are as old as the window or more than 32,768: so what
    /// is remembered is bounded, and more than a client can send in that time at the default rate. Field '' says when they began.
    /// </summary>
    private const string Once = """
        -- Most batches have no key: nothing is made for them.
        local ids, results, remember, save
        if ARGV[window + 1] then
          ids, results = {}, {}
          local added, now, began = {}
          local time = redis.call('TIME')
          now = time[1] * 1000 + math.floor(time[2] / 1000)
          local asked = {''}
          for i = window + 1, #ARGV, 2 do
            ids[tonumber(ARGV[i])] = ARGV[i + 1]
            asked[#asked + 1] = ARGV[i + 1]
          end
          local newer = redis.call('HMGET', KEYS[#KEYS - 1], unpack(asked))
          local older = redis.call('HMGET', KEYS[#KEYS], unpack(asked))
          began = tonumber(newer[1] or '')
          for i = 2, #asked do
            -- What is there in another form, nobody here wrote: it is as good as forgotten.
            local used, result = string.match(newer[i] or older[i] or '', form)
            if used and now - used < tonumber(ARGV[window]) then results[asked[i]] = result end
          end
          remember = function(id, result)
            results[id] = result
            added[#added + 1] = id
            added[#added + 1] = string.format('%.0f ', now) .. result
          end
          save = function()
            if #added == 0 then return end
            if began and (now - began >= tonumber(ARGV[window]) or redis.call('HLEN', KEYS[#KEYS - 1]) > 32768) then
              redis.call('UNLINK', KEYS[#KEYS])
              redis.call('RENAME', KEYS[#KEYS - 1], KEYS[#KEYS])
              began = nil
            end
            redis.call('HSET', KEYS[#KEYS - 1], unpack(added))
            if not began then
              redis.call('HSET', KEYS[#KEYS - 1], '', string.format('%.0f', now))
              redis.call('PEXPIRE', KEYS[#KEYS - 1], 2 * ARGV[window])
            end
          end
        end

        """;

    /// <summary>
    /// KEYS meta, stream, and, where there are idempotency keys, those of <see cref="Once"/>. ARGV records, epoch where a new one begins,
    /// messages kept, stream ms, meta ms, pub/sub channel, the server (<see cref="PositionScripts.ChannelPosition"/>), then those of
    /// <see cref="Once"/>. Returns, with blanks between them, the epoch, the seq before the first new message, and number and result, which
    /// is seq and epoch, of each that was not new.
    /// </summary>
    public static readonly RedisScript Publish = new("local window, form, fresh, known, create = 8, '^(%d+) (%d+ %x+)$', ARGV[2], ARGV[7], true\n" + Once + PositionScripts.ChannelPosition + """
        local before, added, repeated = top, {}, {}
        local records, seq, number, at = ARGV[1], before, 0, 1
        local function add(body)
          local done = redis.pcall('XADD', KEYS[2], 'MAXLEN', ARGV[3], string.format('%.0f-0', seq + 1), 'd', body)
          return type(done) == 'table' and done.err, done
        end
        while at < #records do
          local after = at + 4 + struct.unpack('>I4', records, at)
          number = number + 1
          local id = ids and ids[number]
          if id and results[id] then
            repeated[#repeated + 1] = number
            repeated[#repeated + 1] = results[id]
          else
            local body = string.sub(records, at + 4, after - 1)
            local refused, answer = add(body)
            if refused and seq == before and (string.find(refused, 'equal or smaller', 1, true) or string.find(refused, 'exhausted', 1, true)) then
              -- A stranger wrote behind this channel's position: no further message would ever fit there. Another stream begins.
              epoch, before, seq = fresh, 0, 0
              redis.call('HSET', KEYS[1], 'e', epoch, 's', 0)
              redis.call('HDEL', KEYS[1], 'p')
              redis.call('UNLINK', KEYS[2])
              refused, answer = add(body)
            end
            if refused then return answer end
            seq = seq + 1
            if id then remember(id, string.format('%.0f ', seq) .. epoch) end
            if ids then added[#added + 1] = {at, after - 1} end
          end
          at = after
        end
        if save then save() end
        if seq > before then
          redis.call('HSET', KEYS[1], 's', string.format('%.0f', seq))
          redis.call('PEXPIRE', KEYS[2], ARGV[4])
          redis.call('PEXPIRE', KEYS[1], ARGV[5])
          if #repeated > 0 then
            for i, part in ipairs(added) do added[i] = string.sub(records, part[1], part[2]) end
            records = table.concat(added)
          end
          redis.call('PUBLISH', ARGV[6], struct.pack('>BI8B', 34, before + 1, #epoch) .. epoch .. records)
        end
        local reply = epoch .. string.format(' %.0f', before)
        for _, part in ipairs(repeated) do reply = reply .. ' ' .. part end
        return reply
        """);

    /// <summary>
    /// KEYS those of <see cref="Once"/>. ARGV records, pub/sub channel, then those of <see cref="Once"/>. Returns nothing.
    /// </summary>
    public static readonly RedisScript PublishOnce = new("local window, form = 3, '^(%d+) (.*)$'\n" + Once + """
        local records, number, at, fresh = ARGV[1], 0, 1, {}
        while at < #records do
          local after = at + 4 + struct.unpack('>I4', records, at)
          number = number + 1
          local id = ids and ids[number]
          if not (id and results[id]) then
            fresh[#fresh + 1] = string.sub(records, at, after - 1)
            if id then remember(id, '') end
          end
          at = after
        end
        if save then save() end
        if #fresh > 0 then redis.call('PUBLISH', ARGV[2], string.char(33) .. table.concat(fresh)) end
        return ''
        """);

    /// <summary>
    /// For several channels of a lone server: KEYS those of each, ARGV for each its kind, how many keys and how many values it has, and the
    /// values. Kind 'k', for kept, does what <see cref="Publish"/> does, 'o', for once, what <see cref="PublishOnce"/> does, and 'p', for
    /// plain, publishes an envelope on the pub/sub channel behind it. Returns for each what its own script would, or '-' and the error:
    /// that of one channel is none of the others'.
    /// </summary>
    public static readonly RedisScript PublishMany = new("local run = {}\nfunction run.k(KEYS, ARGV)\n" + Publish.Text
        + "\nend\nfunction run.o(KEYS, ARGV)\n" + PublishOnce.Text + "\nend\n" + """
        function run.p(KEYS, ARGV)
          redis.call('PUBLISH', ARGV[2], ARGV[1])
          return ''
        end
        local results, key, at = {}, 0, 1
        while at < #ARGV do
          local names, values = {unpack(KEYS, key + 1, key + ARGV[at + 1])}, {unpack(ARGV, at + 3, at + 2 + ARGV[at + 2])}
          local done, result = pcall(run[ARGV[at]], names, values)
          if type(result) == 'table' then result = '-' .. result.err elseif not done then result = '-' .. result end
          results[#results + 1] = result
          key, at = key + ARGV[at + 1], at + 3 + ARGV[at + 2]
        end
        return results
        """);

    /// <summary>
    /// KEYS the pub/sub channel. ARGV an envelope. In a cluster, in place of the command: that has no key, so a server that has lost the
    /// channel's slot would take it, and the order between it and what the scripts publish would be lost with it.
    /// </summary>
    public static readonly RedisScript Send = new("return redis.call('PUBLISH', KEYS[1], ARGV[1])");

    /// <summary>
    /// For several channels of a lone server. ARGV pub/sub channel and envelope of each. Nothing of one can go wrong that does not for all.
    /// </summary>
    public static readonly RedisScript SendMany = new("for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end return ''");

    /// <summary>
    /// KEYS a key of the node's own. ARGV what is to be heard, then the pub/sub channels. Deleting is a write, which a replica does not
    /// take, and a full server does. An error of it does not keep the message back: it says nothing of the way.
    /// </summary>
    public static readonly RedisScript Probe = new("""
        local wrote = redis.pcall('DEL', KEYS[1])
        for i = 2, #ARGV do redis.call('PUBLISH', ARGV[i], ARGV[1]) end
        return wrote
        """);

    public static readonly RedisScript[] All =
    [
        Publish, PublishOnce, PublishMany, Send, SendMany, Probe,
        PositionScripts.Identify, PositionScripts.Read, PositionScripts.Renew, PositionScripts.Forget,
        PresenceScripts.Join, PresenceScripts.Leave, PresenceScripts.List, PresenceScripts.Version,
        OccupancyScript.Update,
    ];
}
