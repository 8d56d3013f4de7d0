namespace Gateway.Server.Application.Hooks;

/// <summary>Why the backend does not get an event.</summary>
internal enum DropReason
{
    /// <summary>More wait than <c>Hooks:QueuedEvents</c>.</summary>
    Overflow,

    /// <summary>It was not taken within <c>Hooks:RetryFor</c>.</summary>
    Expired,

    /// <summary>The node stopped before it was taken.</summary>
    Stopped,
}
