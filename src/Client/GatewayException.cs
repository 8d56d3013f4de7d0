namespace Gateway.Client;

/// <summary>
/// The exception of a request that the gateway, or the client on its behalf, refused, and of a connection that ended for good. Immutable.
/// </summary>
public sealed class GatewayException : Exception
{
    internal GatewayException(string code, string message, TimeSpan? retryAfter = null, int? closeCode = null, Exception? inner = null)
        : base(message, inner)
    {
        (Code, RetryAfter, CloseCode) = (code, retryAfter, closeCode);
    }

    /// <summary>The problem, for programs: one of <see cref="GatewayErrorCode"/>.</summary>
    public string Code { get; }

    /// <summary>The pause before trying again. Null where the gateway did not ask for one.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>The WebSocket's close code where the connection was closed for good. Otherwise null.</summary>
    public int? CloseCode { get; }

    /// <summary>A copy for another caller, because an exception that is thrown twice mixes up its stack traces.</summary>
    internal GatewayException Again() => new(Code, Message, RetryAfter, CloseCode, this);
}
