using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// Stateless. Which of Redis's errors say something of the server, or of what the node knows of it, and not of the command alone.
/// </summary>
internal static class RedisErrors
{
    /// <summary>
    /// A replica that was a master, a server that is reading its data, a cluster that has lost a part or moved it: nothing that is asked
    /// there will be done, however long one waits. The last two are the client library's own: for what it is not to send on, and for a
    /// server that it knows to have a slot and cannot use.
    /// </summary>
    private static readonly string[] Misplaced = ["READONLY ", "LOADING ", "MASTERDOWN ", "CLUSTERDOWN ", "MOVED ", "Key has MOVED ", "Endpoint "];

    /// <summary>Whether the call went to a server that cannot do it: another may.</summary>
    /// <param name="message">The error. One that was raised in a script has the code behind a dash in servers before 7.</param>
    public static bool IsMisplaced(string message)
    {
        foreach (string code in Misplaced)
        {
            if (message.StartsWith(code, StringComparison.Ordinal) || message.Contains("-" + code, StringComparison.Ordinal))
                return true;
        }
        return false;
    }

    /// <summary>Whether a slot has gone to another server for good.</summary>
    public static bool IsMoved(string message) => message.StartsWith("MOVED ", StringComparison.Ordinal) || message.StartsWith("Key has MOVED ", StringComparison.Ordinal);

    /// <summary>
    /// Whether a slot is on its way, some of a channel's keys here and some there: it is over soon. Where it may not follow a redirection
    /// (ASK), the client library says that it cannot connect.
    /// </summary>
    public static bool IsMoving(RedisException error) => error.Message.StartsWith("TRYAGAIN ", StringComparison.Ordinal)
        || error is RedisConnectionException { FailureType: ConnectionFailureType.UnableToConnect };
}
