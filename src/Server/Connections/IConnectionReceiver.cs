namespace Gateway.Server.Connections;

/// <summary>An open connection as its transport sees it. Called by the transport, one call at a time.</summary>
internal interface IConnectionReceiver : IInputReceiver
{
    /// <summary>Receiving has ended with a failure; <see cref="OnEndAsync"/> follows.</summary>
    void OnFailure(Exception failure);

    /// <summary>Nothing more is received: ends the connection.</summary>
    /// <returns>Completes when nothing of the connection is left.</returns>
    Task OnEndAsync();
}
