namespace Gateway.Server.Application.Hooks;

/// <summary>Why an event does not reach the backend.</summary>
internal enum DropReason
{
    /// <summary>More events were waiting than <c>Hooks:QueuedEvents</c>.</summary>
    Overflow,

    /// <summary>The backend did not take the event within <c>Hooks:RetryFor</c>.</summary>
    Expired,

    /// <summary>The node stopped before the backend took the event.</summary>
    Stopped,
}
