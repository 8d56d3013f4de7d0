using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// The check whether a Redis server does what the gateway needs. Some servers speak Redis's protocol and do something else: they would lose
/// messages or hand out invalid ones, for as long as they run. Stateless.
/// </summary>
internal static class RedisRequirements
{
    /// <summary>
    /// Parts of errors that last whatever the server's state is: a command that does not exist, or that this user may never run. Any other
    /// error, of a server that is full, loading or read-only, says nothing of what the server can do.
    /// </summary>
    private static readonly string[] Lasting =
        ["nknown", "NOPERM", "can't run this command", "can't access", "not allowed from script", "scripting support disabled"];

    /// <summary>
    /// KEYS a key that nothing else uses, whose name is also that of a pub/sub channel without subscribers. Leaves nothing behind. Returns
    /// what the server says of itself, whether scripts calculate and pack right (1 or 0), and the errors of streams and of publishing,
    /// empty for none.
    /// </summary>
    public static readonly RedisScript Check = new("""
        local function try(...)
          local answer = redis.pcall(...)
          return answer, type(answer) == 'table' and answer.err or ''
        end
        local right = pcall(function()
          assert(struct.pack('>BI8I8BI4I2', 19, 1, 2, 1, 258, 9) == '\019\0\0\0\0\0\0\0\001\0\0\0\0\0\0\0\002\001\0\0\001\002\0\009')
          assert(struct.unpack('>I4', '\0\0\001\002') == 258)
          assert(string.format('%.0f', 1764352800123456) == '1764352800123456')
        end)
        local added, streams = try('XADD', KEYS[1], 'MAXLEN', 1, '1-0', 'd', 'x')
        if streams == '' then
          local read
          read, streams = try('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
          if streams == '' and not (read[1] and read[1][1] == '1-0' and read[1][2][2] == 'x') then streams = 'unknown entries' end
        end
        try('DEL', KEYS[1])
        local sent, publishing = try('PUBLISH', KEYS[1], '')
        local info, refused = try('INFO', 'server')
        return {refused == '' and info or '', right and 1 or 0, streams, publishing}
        """);

    /// <summary>
    /// The fields of INFO that name the kind of server and its version, the most particular first: all kinds have Redis's field too.
    /// </summary>
    private static readonly (string Field, string Name)[] Names =
        [("garnet_version:", "Garnet"), ("valkey_version:", "Valkey"), ("redis_version:", "Redis")];

    /// <summary>The lasting fault of a server that gave this answer to <see cref="Check"/>; null for none.</summary>
    public static string? FindFault(RedisResult answer)
    {
        var parts = (RedisResult[])answer!;
        var faults = new List<string>();
        if (Lasts((string)parts[2]!))
            faults.Add($"it has no streams ({(string)parts[2]!})");
        if ((int)parts[1] != 1)
            faults.Add("scripts there calculate wrong numbers (struct.pack)");
        if (Lasts((string)parts[3]!))
            faults.Add($"scripts may not publish there ({(string)parts[3]!})");
        return Describe((string)parts[0]!, faults);
    }

    /// <summary>The lasting fault of a server that could not run the script at all; null for none.</summary>
    /// <param name="info">What the server says of itself; empty where it says nothing.</param>
    /// <param name="error">The server's answer to the script.</param>
    public static string? FindFault(string info, string error) => Describe(info, Lasts(error) ? [$"it runs no scripts ({error})"] : []);

    private static string? Describe(string info, List<string> faults)
    {
        string name = "not a Redis server";
        foreach (var (field, known) in Names)
        {
            int at = info.IndexOf(field, StringComparison.Ordinal);
            if (at < 0)
                continue;
            string version = info[(at + field.Length)..].Split('\r', '\n')[0];
            name = $"{known} {version}";
            // Garnet is refused by its name as well: no version is known that can do all of this.
            if (known == "Garnet" && faults.Count == 0)
                faults.Add("nobody has seen the gateway work with it");
            break;
        }
        return faults.Count == 0 ? null : $"it is {name}, and of no use to the gateway: {string.Join("; ", faults)}";
    }

    private static bool Lasts(string error) => Lasting.Any(part => error.Contains(part, StringComparison.Ordinal));
}
