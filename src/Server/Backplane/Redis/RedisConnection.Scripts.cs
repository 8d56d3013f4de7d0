using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <content>How a script is run: by its hash, and in a cluster at the server that has the slot, wherever that has gone.</content>
internal sealed partial class RedisConnection
{
    private Task<RedisResult> SendAsync(byte[] channel, byte[] value, long until)
    {
        if (!Topology.IsCluster)
            return _database.ExecuteAsync("PUBLISH", channel, value);
        return IsSharded
            ? InClusterAsync(() => SendShardedAsync(channel, value), until)
            : EvaluateAsync(RedisScripts.Send, [channel], [value], until);
    }

    /// <summary>
    /// By a script: a replica would take SPUBLISH, and who listens at its master may not hear that. The slot's own master takes it while the slot is on
    /// its way elsewhere, when it refuses a script that names what is not there.
    /// </summary>
    private async Task<RedisResult> SendShardedAsync(byte[] channel, byte[] value)
    {
        try
        {
            return await EvaluateOnceAsync(RedisScripts.Send.Sharded, [channel], [value], CommandFlags.NoRedirect).ConfigureAwait(false);
        }
        catch (RedisConnectionException moving) when (RedisErrors.IsMoving(moving))
        {
            return await _database.ExecuteAsync("SPUBLISH", [(RedisKey)channel, value], CommandFlags.NoRedirect).ConfigureAwait(false);
        }
    }

    /// <param name="script">The script.</param>
    /// <param name="keys">All of one channel.</param>
    /// <param name="values">The arguments.</param>
    /// <param name="until">When whoever waits gives up, by <see cref="Environment.TickCount64"/>: what is done later may come after the next of the same channel.</param>
    private Task<RedisResult> EvaluateAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, long until) => Topology.IsCluster
        ? InClusterAsync(() => EvaluateOnceAsync(Variant(script), keys, values, IsSharded ? CommandFlags.NoRedirect : CommandFlags.None), until)
        : EvaluateOnceAsync(script, keys, values, CommandFlags.None);

    /// <summary>
    /// A call that went to the wrong server, or whose slot is just moving, is repeated: nothing was done. Where pub/sub is sharded the library follows no
    /// redirection: at a server that a slot is moving to nobody listens yet.
    /// </summary>
    private async Task<RedisResult> InClusterAsync(Func<Task<RedisResult>> issue, long until)
    {
        while (true)
        {
            try
            {
                return await issue().ConfigureAwait(false);
            }
            catch (RedisServerException refused) when (RedisErrors.IsMisplaced(refused.Message) && Environment.TickCount64 + RefreshMilliseconds < until)
            {
                // Who listens to the slot's channels finds the new server at once; this is for them to be there before the message is.
                var settled = IsSharded && RedisErrors.IsMoved(refused.Message) ? Task.Delay(MoveMilliseconds) : Task.CompletedTask;
                await Task.WhenAny(Topology.RefreshAsync(), Task.Delay(RefreshMilliseconds)).ConfigureAwait(false);
                await settled.ConfigureAwait(false);
            }
            catch (RedisException unserved) when (RedisErrors.IsMoving(unserved) && Environment.TickCount64 + MoveMilliseconds < until)
            {
                await Task.Delay(MoveMilliseconds / 4).ConfigureAwait(false);
            }
        }
    }

    private RedisScript Variant(RedisScript script) => IsSharded ? script.Sharded : script;

    private async Task<RedisResult> EvaluateOnceAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, CommandFlags flags)
    {
        try
        {
            return await _database.ScriptEvaluateAsync(script.Hash, keys, values, flags).ConfigureAwait(false);
        }
        catch (RedisServerException refused) when (refused.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            object[] arguments = [script.Text, keys.Length, .. keys.Cast<object>(), .. values.Cast<object>()];
            return await _database.ExecuteAsync("EVAL", arguments, flags).ConfigureAwait(false);
        }
    }
}
