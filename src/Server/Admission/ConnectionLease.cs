using System.Net;
using Gateway.Server.Connections;
using Gateway.Server.Metrics;

namespace Gateway.Server.Admission;

/// <summary>Safe for any thread. One connection's place in what the limits count, from its admission to its end, and who it is.</summary>
internal sealed class ConnectionLease(ConnectionLimits limits, IPAddress address) : IDisposable
{
    private volatile bool _ended;

    /// <summary>The id of the connection.</summary>
    public string Id { get; } = ConnectionId.Next();

    /// <summary>The client's address, as proxies that are trusted tell it.</summary>
    public IPAddress Address { get; } = address;

    /// <summary>How the client is connected; set, if at all, before the connection begins.</summary>
    public TransportKind Transport { get; set; }

    /// <summary>The user as which it is counted; null until that is known.</summary>
    public string? User { get; private set; }

    /// <summary>Whether the place was given back.</summary>
    public bool HasEnded => _ended;

    /// <summary>To be called as soon as the user is known, and again should it change. Completes at once for a user with few connections.</summary>
    /// <returns>False when that user has as many connections as one may have: answer 429, or close 1013 where already upgraded.</returns>
    public ValueTask<bool> IdentifyAsync(string user) => limits.IdentifyAsync(this, user);

    /// <summary>Gives the place back, once.</summary>
    public void Dispose() => limits.Release(this);

    /// <summary>Called under the lock of <see cref="UserLimit"/>.</summary>
    /// <returns>The user before.</returns>
    internal string? SetUser(string? user)
    {
        string? before = User;
        User = user;
        return before;
    }

    /// <summary>Called under the limits' lock. False when it had ended.</summary>
    internal bool TryEnd() => !_ended && (_ended = true);
}
