using System.Net;
using System.Net.Security;
using Gateway.Options;
using StackExchange.Redis;

namespace Gateway.Backplane.Redis;

/// <summary>Immutable. Where a Redis server, or some nodes of a cluster, are and how to sign in there.</summary>
/// <param name="text"><c>host:port[,host:port][,password=…,ssl=true]</c>.</param>
internal sealed class RedisServerAddress(string text)
{
    /// <summary>The hosts alone: what is shown, and what channels are shared out by. No option, and so no password, is in it.</summary>
    public string Name { get; } = string.Join(',', text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(part => !part.Contains('=', StringComparison.Ordinal)));

    public string? User => Configuration().User;

    public string? Password => Configuration().Password;

    public ShardedPubSub ShardedPubSub { get; } = ShardedPubSub.Auto;

    public SslClientAuthenticationOptions? TlsTo(EndPoint endpoint) => Name.Length == 0 ? new() { TargetHost = endpoint.ToString() } : null;

    public static bool IsValid(string text)
    {
        try
        {
            return new RedisServerAddress(text).Configuration().EndPoints.Count > 0;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <exception cref="ArgumentException">The text cannot be used; the message may hold parts of it.</exception>
    public ConfigurationOptions Configuration()
    {
        var options = ConfigurationOptions.Parse(text);
        options.AbortOnConnectFail = false;
        options.ConnectTimeout = 2000;
        // Behind every patience of RedisConnection, which knows what a late answer means.
        options.AsyncTimeout = 6000;
        // For CONFIG GET, which tells whether what is confirmed survives a restart.
        options.AllowAdmin = true;
        // The newer protocol has nothing that is used here, and Redis's proxies know the older one better.
        options.Protocol = RedisProtocol.Resp2;
        // What cannot be sent now was not done: nothing is to be done late.
        options.BacklogPolicy = BacklogPolicy.FailFast;
        options.ConfigurationChannel = "";
        options.TieBreaker = "";
        options.ConnectRetry = 1;
        return options;
    }
}
