namespace Gateway.Server.Backplane.Redis;

/// <summary>The scripts that read a channel's history and look after its position. Immutable.</summary>
internal static class PositionScripts
{
    /// <summary>
    /// Reads a server's identity: its replication id, '+' where it confirms nothing before it is on disk and else '-', and its run id. A
    /// server gets a new replication id with its first replica, with a restart, and with a promotion. Nil where the gateway may not ask.
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
    /// The part of the scripts that reads the channel's position. Beside epoch and seq, the meta names the server that gave the last
    /// position. Another server may lack the last writes of that one, and would give their positions again. So it begins a new epoch, and
    /// notes where the old one ended as far as it knows: up to there, both epochs have the same messages. The server counts as the same,
    /// unless it was promoted and so has a second replication id, where it is the same process, or was started again with everything that
    /// it ever confirmed. The part takes <c>fresh</c>, the epoch where a new one begins; <c>known</c>, the server's identity of at most a
    /// second ago, so that the server is asked only where the meta says something else, or '+' or '-' alone where there are several
    /// servers; and <c>create</c>, whether a channel without a position gets one. It sets <c>epoch</c>, <c>top</c>, <c>earlier</c>, and
    /// <c>absent</c> where there is no position.
    /// </summary>
    public const string ChannelPosition = """
        local meta = redis.call('HMGET', KEYS[1], 'e', 's', 'r', 'p')
        local epoch, top, origin, earlier, absent = meta[1], tonumber(meta[2] or '0'), meta[3], meta[4] or ''
        -- A position that no gateway wrote does not count.
        local valid = epoch and top and top >= 0 and top % 1 == 0 and top <= 9007199254740000
        if not valid or #epoch ~= 12 or string.find(epoch, '%X') then epoch = nil end
        if not epoch and not create then
          epoch, top, earlier, absent = fresh, 0, '', true
        elseif not epoch or origin ~= known then

        """ + ServerIdentity + """
          local durable = #known > 1 and string.sub(known, 41, 41) or known
          local server, info = identity(durable)
          if not epoch then
            epoch, top, earlier = fresh, 0, ''
            -- HSET comes first: a full Redis refuses it, but not once the script has written, and DEL counts as a write.
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

    /// <summary>ARGV '+' or '-'. Returns the server's identity; empty where the gateway may not ask.</summary>
    public static readonly RedisScript Identify = new(ServerIdentity + """
        local server = identity(ARGV[1])
        return server or ''
        """);

    /// <summary>
    /// KEYS meta, stream. ARGV epoch where a new one begins, meta ms, first seq or '-', last seq or '+', 1 for backwards, limit, bytes, the
    /// server (<see cref="ChannelPosition"/>), ms to keep the position of a channel that never had a message; '' to make none. Reads a page
    /// of the stream, in steps, so that large messages end it early. Returns the position, the oldest id, whether there is more, the
    /// entries, and the epochs before this one with the seq at which each ended.
    /// </summary>
    public static readonly RedisScript Read = new("local fresh, known, create = ARGV[1], ARGV[8], ARGV[9] ~= ''\n" + ChannelPosition + """
        -- Where Redis makes room, it may leave a stream without a position. Such a stream is no history.
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
    /// Begins a new epoch. KEYS meta. ARGV an epoch in which a position was given twice, and the one that follows. No position of the old
    /// epoch is valid any more.
    /// </summary>
    public static readonly RedisScript Renew = new("""
        if redis.call('HGET', KEYS[1], 'e') ~= ARGV[1] then return 0 end
        redis.call('HSET', KEYS[1], 'e', ARGV[2])
        redis.call('HDEL', KEYS[1], 'p')
        return 1
        """);

    /// <summary>
    /// Forgets the position of a channel that never had a message, unless it has a subscriber or gets one in time. KEYS meta. ARGV pub/sub
    /// channel, ms.
    /// </summary>
    public static readonly RedisScript Forget = new("""
        if (redis.call('HGET', KEYS[1], 's') or '0') == '0' and redis.call('PUBSUB', 'NUMSUB', ARGV[1])[2] == 0 then
          redis.call('PEXPIRE', KEYS[1], ARGV[2])
        end
        return 1
        """);
}
