namespace Gateway.Server.Options;

/// <summary><c>Gateway:Hooks</c>: the requests and notifications that the application's backend is sent. Immutable.</summary>
internal sealed record HooksOptions
{
    /// <summary>What Standard Webhooks demands at least of a key (https://www.standardwebhooks.com, "Signature scheme").</summary>
    public const int MinKeyBytes = 24;

    /// <summary><c>Hooks:Url</c>, where everything is posted to; null for no hooks.</summary>
    public Uri? Url { get; init; }

    /// <summary>The key in <c>Hooks:Secret</c>. Bytes, so that printing the options does not print it.</summary>
    public byte[] Key { get; init; } = [];

    /// <summary><c>Hooks:Events</c>. Default: all that the backend is told, nothing that it is asked.</summary>
    public HookEvents Events { get; init; } = HookEvents.Notifications;

    /// <summary>How long a client waits for the backend's answer. Default 1 s. After it: as <see cref="FailOpen"/> says.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether what the backend does not answer is allowed. Default false: it is refused.</summary>
    public bool FailOpen { get; init; }

    /// <summary>How long a delivery of events may take; nobody waits for it. Default 10 s. After it: another attempt.</summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a delivery is tried again. Default 1 h. After it: its events are dropped, and counted.</summary>
    public TimeSpan RetryFor { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Events that wait for their delivery at most. Default 100,000. Over it: the oldest are dropped, and counted.</summary>
    public int QueuedEvents { get; init; } = 100_000;
}
