namespace Gateway.Client;

/// <summary>Where a client stands.</summary>
public enum ConnectionState
{
    /// <summary>Not used yet.</summary>
    Idle,

    /// <summary>Opening a connection and signing in.</summary>
    Connecting,

    /// <summary>Signed in.</summary>
    Connected,

    /// <summary>Without a connection; the next attempt follows by itself.</summary>
    Waiting,

    /// <summary>Ended for good.</summary>
    Closed,
}
