using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <content>Whether what it leads to is of any use.</content>
internal sealed partial class RedisConnection
{
    /// <summary>Has every server that takes writes do what the gateway needs. To be asked once, before anything of a client is sent.</summary>
    /// <param name="prefix">Of the key that is used for it, which is deleted again.</param>
    /// <returns>What a server is, and why it can never be used; null where nothing is wrong, or there is no answer that says so.</returns>
    public async Task<string?> FindFaultAsync(string prefix)
    {
        var faults = await Task.WhenAll(Topology.Members().Select(member => FindFaultAsync(prefix, member))).ConfigureAwait(false);
        return faults.FirstOrDefault(fault => fault is not null);
    }

    private async Task<string?> FindFaultAsync(string prefix, RedisMember member)
    {
        try
        {
            var checking = EvaluateAsync(RedisRequirements.Check, [$"{prefix}:{member.Key}:check"], [], Deadline(CallTimeout));
            return RedisRequirements.FindFault(await checking.WaitAsync(CallTimeout).ConfigureAwait(false));
        }
        catch (RedisServerException refused)
        {
            var info = await FinishAsync(() => _database.ExecuteAsync("INFO", "server"), 0).ConfigureAwait(false);
            return RedisRequirements.FindFault((string?)info.Value ?? "", refused.Message);
        }
        catch (Exception)
        {
            // No answer says nothing of what the server can do, and whoever uses the connection finds out soon enough.
            return null;
        }
    }
}
