using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// Tells apart Redis's errors: those that concern the server, or the node's knowledge of it, and not only the command. Stateless.
/// </summary>
internal static class RedisErrors
{
    /// <summary>
    /// The errors of a replica that was a master, of a server that is reading its data, and of a cluster that has lost a part or moved it:
    /// the server will not carry out the command, however long the caller waits. The last two are the client library's own: for a
    /// redirection that it may not follow, and for a server that has the slot and cannot be used.
    /// </summary>
    private static readonly string[] Misplaced =
        ["READONLY ", "LOADING ", "MASTERDOWN ", "CLUSTERDOWN ", "MOVED ", "Key has MOVED ", "Endpoint "];

    /// <summary>Whether the call went to a server that cannot do it, while another may.</summary>
    /// <param name="message">The error. Servers before 7 put the code of a script's error behind a dash.</param>
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
    public static bool IsMoved(string message) =>
        message.StartsWith("MOVED ", StringComparison.Ordinal) || message.StartsWith("Key has MOVED ", StringComparison.Ordinal);

    /// <summary>
    /// Whether a slot is on its way, with some of a channel's keys at the old server and some at the new one. That is over soon. Where the
    /// client library may not follow a redirection (ASK), it says that it cannot connect.
    /// </summary>
    public static bool IsMoving(RedisException error) => error.Message.StartsWith("TRYAGAIN ", StringComparison.Ordinal)
        || error is RedisConnectionException { FailureType: ConnectionFailureType.UnableToConnect };
}
