using System.Text;
using Gateway.TestSupport;

namespace Gateway.Tests.Api;

/// <summary>Real HTTP requests to a gateway's API. Safe for any thread.</summary>
internal static class ApiCalls
{
    private static readonly HttpClient Http = new();

    public static Task<ApiAnswer> PostAsync(
        this GatewayServer server, string command, string json, params (string Name, string Value)[] headers) =>
        SendAsync(server.InternalPort, HttpMethod.Post, "/api/" + command, Encoding.UTF8.GetBytes(json), headers);

    public static Task<ApiAnswer> GetAsync(this GatewayServer server, string path, params (string Name, string Value)[] headers) =>
        SendAsync(server.InternalPort, HttpMethod.Get, path, null, headers);

    public static async Task<ApiAnswer> SendAsync(
        int port, HttpMethod method, string path, byte[]? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(
            method,
            new Uri($"http://127.0.0.1:{port}{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (body is not null)
            request.Content = new ByteArrayContent(body);
        foreach (var (name, value) in headers)
        {
            if (name == "Transfer-Encoding")
                request.Headers.TransferEncodingChunked = true;
            else if (name == "Content-Type")
                request.Content!.Headers.TryAddWithoutValidation(name, value);
            else
                request.Headers.TryAddWithoutValidation(name, value);
        }
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        using var reply = await Http.SendAsync(request, deadline.Token);
        return new ApiAnswer(
            (int)reply.StatusCode, reply.Content.Headers.ContentType?.ToString(), await reply.Content.ReadAsStringAsync(deadline.Token));
    }
}
