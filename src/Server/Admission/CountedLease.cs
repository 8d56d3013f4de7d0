using System.Net;
using Gateway.Server.Connections;

namespace Gateway.Server.Admission;

/// <summary>A lease that <see cref="ConnectionLimits"/> counts. Safe for any thread.</summary>
internal sealed class CountedLease(ConnectionLimits limits, IPAddress address) : ConnectionLease(address)
{
    private volatile bool _ended;

    /// <summary>Whether the place was given back.</summary>
    public bool HasEnded => _ended;

    public override ValueTask<bool> IdentifyAsync(string user) => limits.IdentifyAsync(this, user);

    public override void Dispose() => limits.Release(this);

    /// <summary>Called under the lock of <see cref="UserLimit"/>.</summary>
    /// <returns>The user before.</returns>
    internal string? SetUser(string? user)
    {
        string? before = User;
        User = user;
        return before;
    }

    /// <summary>Called under the lock of <see cref="ConnectionLimits"/>. False when the lease had ended.</summary>
    internal bool TryEnd() => !_ended && (_ended = true);
}
