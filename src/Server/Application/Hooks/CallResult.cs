namespace Gateway.Server.Application.Hooks;

/// <summary>What became of asking the backend.</summary>
internal enum CallResult
{
    Allowed,

    /// <summary>Allowed, with another content.</summary>
    Replaced,

    Denied,

    /// <summary>There was no answer, or none that could be read.</summary>
    Failed,

    /// <summary>It was not asked, because it did not answer before.</summary>
    Skipped,
}
