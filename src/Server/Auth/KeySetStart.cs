namespace Gateway.Server.Auth;

/// <summary>
/// Reads the public keys before the ports open. Run by the host. Where a URL does not answer, the node starts all the same, not ready, and
/// goes on asking.
/// </summary>
internal sealed class KeySetStart(KeySet keys) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => keys.ReadAsync().WaitAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
