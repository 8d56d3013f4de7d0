namespace Gateway.Server.Options;

/// <summary>Who may subscribe to, or publish in, a namespace.</summary>
internal enum AccessPolicy : byte
{
    /// <summary>Every connection.</summary>
    Anyone,

    /// <summary>Every connection that signed in; everyone in development mode.</summary>
    SignedIn,

    /// <summary>Those whose token grants it; everyone in development mode.</summary>
    Granted,

    /// <summary>No client; only the backend.</summary>
    Nobody,
}
