namespace Gateway.Server.Connections;

/// <summary>An open connection as its transport sees it.</summary>
internal interface IConnectionReceiver : IInputReceiver
{
    /// <summary>Nothing more is received: ends the connection.</summary>
    /// <param name="failure">What receiving ended with; null for nothing unusual.</param>
    /// <returns>Completes when nothing of the connection is left.</returns>
    Task OnEndAsync(Exception? failure);
}
