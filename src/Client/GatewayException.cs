namespace Gateway.Client;

/// <summary>Immutable. The gateway, or the client on its behalf, refused a request, or the connection ended for good.</summary>
public sealed class GatewayException : Exception
{
    internal GatewayException(string code, string message, TimeSpan? retryAfter = null, int? closeCode = null, Exception? inner = null)
        : base(message, inner)
    {
        (Code, RetryAfter, CloseCode) = (code, retryAfter, closeCode);
    }

    /// <summary>What went wrong, for programs: one of <see cref="GatewayErrorCode"/>.</summary>
    public string Code { get; }

    /// <summary>How long to wait before trying again; null where the gateway did not say.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>The WebSocket's close code where the connection was closed for good; otherwise null.</summary>
    public int? CloseCode { get; }

    /// <summary>The same for another caller: an exception that is thrown twice mixes up its stack traces.</summary>
    internal GatewayException Again() => new(Code, Message, RetryAfter, CloseCode, this);
}
