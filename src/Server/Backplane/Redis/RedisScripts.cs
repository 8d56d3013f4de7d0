namespace Gateway.Server.Backplane.Redis;

/// <summary>Immutable. What runs inside Redis. Every script touches the keys of one channel only, and nothing it does grows without bound.</summary>
internal static class RedisScripts
{
    /// <summary>
    /// What the publishing scripts share: idempotency keys. The last two KEYS are the results and the older results, the ARGV behind
    /// ARGV[window], which is for how many ms a key counts, the number of a message and its key, and so on. A batch reads and writes all of
    /// its keys at once. The results begin anew, and become the older ones, when they are as old as the window or more than 32,768: so what is
    /// remembered is bounded, and more than a client can send in that time at the default rate. Field '' says when they began.
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
    /// What a server is known by: its replication id, '+' where it confirms nothing before it is on disk and else '-', and its run id. The first
    /// replica gives a server a new replication id, a restart and a promotion do so, too. Nil where the gateway may not ask.
    /// </summary>
    private const string ServerIdentity = """
        local function identity(durable)
          local info = redis.pcall('INFO', 'replication')
          local at = type(info) == 'string' and string.find(info, 'master_replid:', 1, true)
          if not at then return nil end
          return string.sub(info, at + 14, at + 53) .. durable .. string.match(redis.call('INFO', 'server'), 'run_id:(%x+)'), info
        end

        """;

    /// <summary>
    /// What the scripts that read or give positions share: the channel's position. Beside epoch and seq, the meta names the server that
    /// gave the last position. Another server may lack the last writes of that one, and would give their positions again: so it begins a
    /// new epoch, and notes where the old one ended, as far as this server knows it: up to there both have the same messages. No other
    /// server, unless it was promoted and so has a second replication id, is the same process, and one that was started again with
    /// everything it ever confirmed. Takes <c>fresh</c>, the epoch where a new one begins; <c>known</c>, what the server was known by at most a
    /// second ago, so that it is asked only where the meta says something else, and '+' or '-' alone where one of several servers may be
    /// meant; and <c>create</c>, whether a channel that has none gets a position. Gives <c>epoch</c>, <c>top</c>, <c>earlier</c>, and <c>absent</c> where there is no position.
    /// </summary>
    private const string ChannelPosition = """
        local meta = redis.call('HMGET', KEYS[1], 'e', 's', 'r', 'p')
        local epoch, top, origin, earlier, absent = meta[1], tonumber(meta[2] or '0'), meta[3], meta[4] or ''
        -- What nobody here wrote is no position.
        if epoch and (not top or top < 0 or top % 1 ~= 0 or top > 9007199254740000 or #epoch ~= 12 or string.find(epoch, '%X')) then epoch = nil end
        if not epoch and not create then
          epoch, top, earlier, absent = fresh, 0, '', true
        elseif not epoch or origin ~= known then

        """ + ServerIdentity + """
          local durable = #known > 1 and string.sub(known, 41, 41) or known
          local server, info = identity(durable)
          if not epoch then
            epoch, top, earlier = fresh, 0, ''
            -- First: a full Redis refuses what takes memory, but not any more once a script has written, and DEL counts as that.
            redis.call('HSET', KEYS[1], 'e', epoch, 's', 0)
            redis.call('HDEL', KEYS[1], 'p')
            redis.call('DEL', KEYS[2])
          elseif server and origin and server ~= origin then
            local promoted = not string.find(info, 'master_replid2:0000', 1, true)
            local again = durable == '+' and string.sub(origin, 41, 41) == '+'
            local same = string.sub(origin, 42) == string.sub(server, 42)
            if string.sub(origin, 1, 40) ~= string.sub(server, 1, 40) and (promoted or not (again or same)) then
              earlier = epoch .. ':' .. string.format('%.0f', top) .. ' ' .. earlier
              if #earlier > 250 then earlier = string.match(string.sub(earlier, 1, 250), '^(.* )') end
              epoch = fresh
              redis.call('HSET', KEYS[1], 'e', epoch, 'p', earlier)
            end
          end
          if server and server ~= origin then redis.call('HSET', KEYS[1], 'r', server) end
        end

        """;

    /// <summary>ARGV '+' or '-'. What the server is known by; empty where the gateway may not ask.</summary>
    public static readonly RedisScript Identify = new(ServerIdentity + """
        local server = identity(ARGV[1])
        return server or ''
        """);

    /// <summary>
    /// KEYS meta, stream, and, where there are idempotency keys, those of <see cref="Once"/>. ARGV records, epoch where a new one begins, messages kept, stream ms, meta ms,
    /// pub/sub channel, the server (<see cref="ChannelPosition"/>), then those of <see cref="Once"/>. Returns, with blanks between them, the
    /// epoch, the seq before the first new message, and number and result, which is seq and epoch, of each that was not new.
    /// </summary>
    public static readonly RedisScript Publish = new("local window, form, fresh, known, create = 8, '^(%d+) (%d+ %x+)$', ARGV[2], ARGV[7], true\n" + Once + ChannelPosition + """
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

    /// <summary>KEYS those of <see cref="Once"/>. ARGV records, pub/sub channel, then those of <see cref="Once"/>. Returns nothing.</summary>
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
    /// For several channels of a lone server: KEYS those of each, ARGV for each its kind, how many keys and how many values it has, and the values. Kind
    /// 'k', for kept, does what <see cref="Publish"/> does, 'o', for once, what <see cref="PublishOnce"/> does, and 'p', for plain, publishes an envelope
    /// on the pub/sub channel behind it. Returns for each what its own script would, or '-' and the error: that of one channel is none of the others'.
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
    /// KEYS meta, stream. ARGV epoch where a new one begins, meta ms, first seq or '-', last seq or '+', 1 for backwards, limit, bytes,
    /// the server (<see cref="ChannelPosition"/>), ms to keep the position of a channel that never had a message; '' to make none.
    /// Reads in steps, so that large messages end it early. Returns the position, the oldest id, whether there is more, what was
    /// read, and the epochs before this one with the seq at which each ended.
    /// </summary>
    public static readonly RedisScript Read = new("local fresh, known, create = ARGV[1], ARGV[8], ARGV[9] ~= ''\n" + ChannelPosition + """
        -- A stream without a position, as it is left where Redis makes room, is nobody's history.
        if absent then return {epoch, 0, '', 0, {}, ''} end
        redis.call('PEXPIRE', KEYS[1], top == 0 and create and ARGV[9] or ARGV[2])
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
        return {epoch, top, oldest[1] and oldest[1][1] or '', more, found, earlier}
        """);

    /// <summary>
    /// KEYS the pub/sub channel. ARGV an envelope. In a cluster, in place of the command: that has no key, so a server that has lost the channel's
    /// slot would take it, and the order between it and what the scripts publish would be lost with it.
    /// </summary>
    public static readonly RedisScript Send = new("return redis.call('PUBLISH', KEYS[1], ARGV[1])");

    /// <summary>For several channels of a lone server. ARGV pub/sub channel and envelope of each. Nothing of one can go wrong that does not for all.</summary>
    public static readonly RedisScript SendMany = new("for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end return ''");

    /// <summary>
    /// KEYS a key of the node's own. ARGV what is to be heard, then the pub/sub channels. Deleting is a write, which a replica does not take, and a full
    /// server does. An error of it does not keep the message back: it says nothing of the way.
    /// </summary>
    public static readonly RedisScript Probe = new("""
        local wrote = redis.pcall('DEL', KEYS[1])
        for i = 2, #ARGV do redis.call('PUBLISH', ARGV[i], ARGV[1]) end
        return wrote
        """);

    /// <summary>KEYS meta. ARGV an epoch in which a position was given twice, and the one that follows. No position of the old one is good any more.</summary>
    public static readonly RedisScript Renew = new("""
        if redis.call('HGET', KEYS[1], 'e') ~= ARGV[1] then return 0 end
        redis.call('HSET', KEYS[1], 'e', ARGV[2])
        redis.call('HDEL', KEYS[1], 'p')
        return 1
        """);

    /// <summary>KEYS meta. ARGV pub/sub channel, ms. Forgets the position of a channel that never had a message, unless somebody is subscribed to it or comes back in that time.</summary>
    public static readonly RedisScript Forget = new("""
        if (redis.call('HGET', KEYS[1], 's') or '0') == '0' and redis.call('PUBSUB', 'NUMSUB', ARGV[1])[2] == 0 then
          redis.call('PEXPIRE', KEYS[1], ARGV[2])
        end
        return 1
        """);

    /// <summary>
    /// What the presence scripts share: ARGV[1] the pub/sub channel, ARGV[2] ms of absence, ARGV[3] ms to live. Users that nobody refreshed
    /// leave first, at most 200 in one call. But when no node has refreshed any for ARGV[2] ms, Redis was away for all of them: then the
    /// first to be back does not take the users of the others for dead. Field '' of the nodes has the time of the last refresh, until when
    /// expired users stay, the version, and when all of this began. A Redis that makes room throws away one of the three and keeps the others, and what is
    /// left would be wrong for good: as many users must be in each. If not, all of it is lost, which the nodes notice, and put their users in again.
    /// </summary>
    /// <remarks>
    /// The version grows with each change, which is told with the one before it: whoever misses one sees it by the next. It is the time in
    /// microseconds, so that none is given again after the data were lost, whether all of them or the last.
    /// </remarks>
    private const string Presence = """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local users, nodes, members = redis.call('HLEN', KEYS[1]), redis.call('HLEN', KEYS[2]), redis.call('ZCARD', KEYS[3])
        if users ~= math.max(nodes - 1, 0) or members < users or (users == 0 and members > 0) then redis.call('UNLINK', unpack(KEYS)) end
        local last, spare, version, born = string.match(redis.call('HGET', KEYS[2], '') or '', '(%d+) (%d+) (%d+) (%d+)')
        -- Beyond it no number is the next one's neighbour: nobody here wrote that.
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

    public static readonly RedisScript[] All =
    [
        Publish, PublishOnce, PublishMany, Send, SendMany, Probe, Identify, Read, Renew, Forget, Join, Leave, List, PresenceVersion, OccupancyScript.Update,
    ];
}
