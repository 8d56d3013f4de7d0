using Gateway.TestSupport;

namespace Gateway.Tests.Http;

internal static class HttpRequests
{
    public static string Get(string path, params string[] headers) =>
        $"GET {path} HTTP/1.1\r\nHost: gateway\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n";

    /// <summary>A valid upgrade without one header, given by its name.</summary>
    public static string UpgradeWithout(string header, string path = "/ws") =>
        string.Concat(RawWebSocket.UpgradeRequest(path).Split("\r\n")
            .Where(line => !line.StartsWith(header + ":", StringComparison.Ordinal))
            .Select(line => line + "\r\n"))[..^2];

    /// <summary>A valid upgrade with one header's value changed.</summary>
    public static string UpgradeWith(string header, string value, string path = "/ws") =>
        string.Join("\r\n", RawWebSocket.UpgradeRequest(path).Split("\r\n")
            .Select(line => line.StartsWith(header + ":", StringComparison.Ordinal) ? $"{header}: {value}" : line));
}
