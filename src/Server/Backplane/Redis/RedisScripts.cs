namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// The scripts that run inside Redis, those for publishing first. Every script uses the keys of one channel only, and leaves nothing that
/// grows without bound. Immutable.
/// </summary>
internal static class RedisScripts
{
    /// <summary>
    /// The part of the publishing scripts that handles idempotency keys. The last two KEYS are the results and the older results.
    /// ARGV[window] is for how many ms a key counts; behind it stand the number of a message and its key, and so on. A batch reads and
    /// writes all of its keys at once. The results become the older ones, and are begun anew, when they are as old as the window or more
    /// than 32,768: so the memory is bounded, and holds more keys than a client can send in that time at the default rate. Field '' says
    /// when the results were begun.
    /// </summary>
    private const string Once = """
        -- Most batches have no key, so nothing is prepared for them.
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
            -- A value of another form was not written by a gateway, and is ignored.
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
    /// <see cref="Once"/>. Returns, with blanks between them, the epoch, the seq before the first new message, and for each known message
    /// its number and its result, which is seq and epoch.
    /// </summary>
    public static readonly RedisScript Publish = new(
        "local window, form, fresh, known, create = 8, '^(%d+) (%d+ %x+)$', ARGV[2], ARGV[7], true\n"
        + Once + PositionScripts.ChannelPosition + """
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
            local full = refused and (string.find(refused, 'equal or smaller', 1, true) or string.find(refused, 'exhausted', 1, true))
            if full and seq == before then
              -- A stranger wrote behind this channel's position, where no further message would ever fit. Another stream begins.
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
    /// Publishes to several channels of a lone server. KEYS are the keys of all channels; ARGV has for each channel its kind, the number of
    /// its keys and of its values, and the values. Kind 'k', for kept, does what <see cref="Publish"/> does; 'o', for once, what
    /// <see cref="PublishOnce"/> does; 'p', for plain, publishes an envelope on the pub/sub channel behind it. Returns for each channel
    /// what its own script would, or '-' and the error, which does not concern the other channels.
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
    /// Publishes in a cluster, in place of the command. KEYS the pub/sub channel. ARGV an envelope. The command has no key, so a server
    /// that has lost the channel's slot would take it, and its order with the messages that scripts publish would be lost.
    /// </summary>
    public static readonly RedisScript Send = new("return redis.call('PUBLISH', KEYS[1], ARGV[1])");

    /// <summary>
    /// Publishes plain messages to several channels of a lone server. ARGV pub/sub channel and envelope of each. An error would concern all
    /// of them.
    /// </summary>
    public static readonly RedisScript SendMany = new("for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end return ''");

    /// <summary>
    /// Publishes a probe. KEYS a key of the node's own. ARGV the message, then the pub/sub channels. Deleting the key is a write, which a
    /// replica refuses and a full server takes. The message is published even where the write is refused, as that says nothing of the way.
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
