namespace Gateway.TestSupport;

/// <summary>
/// How the gateways of a test run serve their sockets: <c>GATEWAY_TEST_TRANSPORT</c>, which is <c>epoll</c> or <c>sockets</c>, or the
/// gateway's default where it is not set. So the same tests run on both.
/// </summary>
internal static class TransportUnderTest
{
    /// <summary>Without the leading <c>Gateway:</c>.</summary>
    public static IReadOnlyList<string> Settings { get; } =
        Environment.GetEnvironmentVariable("GATEWAY_TEST_TRANSPORT") is { Length: > 0 } kind ? [$"Transport:Kind={kind}"] : [];
}
