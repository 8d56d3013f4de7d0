namespace Gateway.Backplane.Redis;

/// <summary>Stateless. Which of Redis's errors say something of the server, or of what the node knows of it, and not of the command alone.</summary>
internal static class RedisErrors
{
    /// <summary>
    /// A replica that was a master, a server that is reading its data, a cluster that has lost a part or moved it: nothing that is asked there
    /// will be done, however long one waits. The last is the client library's own, for a server that it knows to have a slot and cannot use.
    /// </summary>
    private static readonly string[] Misplaced = ["READONLY ", "LOADING ", "MASTERDOWN ", "CLUSTERDOWN ", "MOVED ", "Endpoint "];

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
}
