namespace Gateway.Client;

/// <summary>The state of a <see cref="GatewayClient"/>.</summary>
public enum ConnectionState
{
    /// <summary>The client has not been used yet.</summary>
    Idle,

    /// <summary>The client is opening a connection and signing in.</summary>
    Connecting,

    /// <summary>The client is signed in.</summary>
    Connected,

    /// <summary>The client has no connection. The next attempt follows by itself.</summary>
    Waiting,

    /// <summary>The client has stopped for good.</summary>
    Closed,
}
