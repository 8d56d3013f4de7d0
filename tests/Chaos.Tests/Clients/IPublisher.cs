namespace Gateway.Chaos.Tests.Clients;

/// <summary>Whoever publishes.</summary>
internal interface IPublisher
{
    string Name { get; }

    /// <summary>Messages that are not acknowledged yet. Safe for any thread.</summary>
    int Open { get; }

    Task RunAsync(CancellationToken stopping);
}
