namespace Gateway.Server.Application.Hooks;

/// <summary>The outcome of a hook call that the backend was to answer.</summary>
internal enum CallResult
{
    Allowed,

    /// <summary>Allowed, with another content.</summary>
    Replaced,

    Denied,

    /// <summary>No answer came, or none that could be read.</summary>
    Failed,

    /// <summary>Not called, because the backend did not answer before.</summary>
    Skipped,
}
