using Gateway.Server.Clock;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// The commands of one <see cref="RedisConnection"/>: a script is run by its hash, and in a cluster at the server that has the slot,
/// wherever the slot has gone. Safe for any thread.
/// </summary>
/// <param name="database">The client library's connection.</param>
/// <param name="topology">The servers behind it.</param>
/// <param name="isSharded">Whether pub/sub is sharded.</param>
/// <param name="time">The clock.</param>
internal sealed class RedisCommands(IDatabase database, RedisTopology topology, bool isSharded, TimeProvider time)
{
    /// <summary>
    /// How long a cluster may take to say which server has what. It is shorter than a call's timeout, as the library waits longer for
    /// servers that are gone.
    /// </summary>
    private const int RefreshMilliseconds = 500;

    /// <summary>
    /// How long the nodes that listen to a moved slot's channels may take to subscribe at the new server: Redis tells them when the slot
    /// goes, and subscribing takes a few ms.
    /// </summary>
    private const int MoveMilliseconds = 100;

    /// <summary>Publishes a message.</summary>
    /// <param name="channel">The pub/sub channel.</param>
    /// <param name="value">The message.</param>
    /// <param name="until">As for <see cref="EvaluateAsync"/>.</param>
    public Task<RedisResult> PublishAsync(byte[] channel, byte[] value, long until)
    {
        if (!topology.IsCluster)
            return database.ExecuteAsync("PUBLISH", channel, value);
        return isSharded
            ? InClusterAsync(() => PublishShardedAsync(channel, value), until)
            : EvaluateAsync(RedisScripts.Send, [channel], [value], until);
    }

    /// <summary>Runs a script.</summary>
    /// <param name="script">The script.</param>
    /// <param name="keys">Keys of one channel only.</param>
    /// <param name="values">The arguments.</param>
    /// <param name="until">
    /// When the caller gives up, by <see cref="TimeProviderExtensions.GetMilliseconds"/>: a call that is done later could follow the next
    /// one of the same channel.
    /// </param>
    public Task<RedisResult> EvaluateAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, long until) => topology.IsCluster
        ? InClusterAsync(() => EvaluateOnceAsync(Variant(script), keys, values, Redirection), until)
        : EvaluateOnceAsync(script, keys, values, CommandFlags.None);

    /// <summary>Runs a command that has no key, at any server.</summary>
    public Task<RedisResult> ExecuteAsync(string command, params object[] arguments) => database.ExecuteAsync(command, arguments);

    /// <summary>The script as it is run where pub/sub may be sharded.</summary>
    public RedisScript Variant(RedisScript script) => isSharded ? script.Sharded : script;

    /// <summary>
    /// Where pub/sub is sharded, the library follows no redirection: at a server that a slot is moving to, no node listens yet.
    /// </summary>
    private CommandFlags Redirection => isSharded ? CommandFlags.NoRedirect : CommandFlags.None;

    /// <summary>
    /// Publishes by a script: a replica would take SPUBLISH, and the subscribers at its master might not get the message. While the slot is
    /// on its way elsewhere, its master refuses scripts that name a missing key, but takes SPUBLISH.
    /// </summary>
    private async Task<RedisResult> PublishShardedAsync(byte[] channel, byte[] value)
    {
        try
        {
            return await EvaluateOnceAsync(RedisScripts.Send.Sharded, [channel], [value], CommandFlags.NoRedirect).ConfigureAwait(false);
        }
        catch (RedisConnectionException moving) when (RedisErrors.IsMoving(moving))
        {
            return await database.ExecuteAsync("SPUBLISH", [(RedisKey)channel, value], CommandFlags.NoRedirect).ConfigureAwait(false);
        }
    }

    /// <summary>Repeats a call that went to the wrong server, or whose slot is just moving. Redis did nothing in both cases.</summary>
    private async Task<RedisResult> InClusterAsync(Func<Task<RedisResult>> issue, long until)
    {
        while (true)
        {
            try
            {
                return await issue().ConfigureAwait(false);
            }
            catch (RedisServerException refused) when (RedisErrors.IsMisplaced(refused.Message) && HasLeft(until, RefreshMilliseconds))
            {
                // The listeners of the slot's channels subscribe at the new server at once. The message must not be there before them.
                var settled = isSharded && RedisErrors.IsMoved(refused.Message) ? DelayAsync(MoveMilliseconds) : Task.CompletedTask;
                await Task.WhenAny(topology.RefreshAsync(), DelayAsync(RefreshMilliseconds)).ConfigureAwait(false);
                await settled.ConfigureAwait(false);
            }
            catch (RedisException unserved) when (RedisErrors.IsMoving(unserved) && HasLeft(until, MoveMilliseconds))
            {
                await DelayAsync(MoveMilliseconds / 4).ConfigureAwait(false);
            }
        }
    }

    private bool HasLeft(long until, int milliseconds) => time.GetMilliseconds() + milliseconds < until;

    private Task DelayAsync(int milliseconds) => Task.Delay(TimeSpan.FromMilliseconds(milliseconds), time);

    private async Task<RedisResult> EvaluateOnceAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, CommandFlags flags)
    {
        try
        {
            return await database.ScriptEvaluateAsync(script.Hash, keys, values, flags).ConfigureAwait(false);
        }
        catch (RedisServerException refused) when (refused.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            object[] arguments = [script.Text, keys.Length, .. keys.Cast<object>(), .. values.Cast<object>()];
            return await database.ExecuteAsync("EVAL", arguments, flags).ConfigureAwait(false);
        }
    }
}
