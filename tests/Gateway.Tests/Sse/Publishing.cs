using System.Net;
using System.Text;
using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Sse;

/// <summary>Publishing by request, and other HTTP requests to the public port. Stateless.</summary>
internal static class Publishing
{
    private static readonly HttpClient Http = new() { Timeout = Eventually.Limit };

    /// <summary>Publishes a message that must be accepted.</summary>
    /// <param name="port">The gateway's public port.</param>
    /// <param name="channel">A name that needs no escapes.</param>
    /// <param name="content">JSON.</param>
    public static async Task<JsonElement> PublishAsync(int port, string channel, string content)
    {
        var (status, body) = await PostAsync(port, $$"""{"channel":"{{channel}}","content":{{content}}}""");
        return status == HttpStatusCode.OK
            ? JsonDocument.Parse(body).RootElement
            : throw new InvalidOperationException($"{status}: {body}");
    }

    /// <summary>Publishes numbers one after the other.</summary>
    public static async Task PublishManyAsync(int port, string channel, int first, int last)
    {
        for (int i = first; i <= last; i++)
            await PublishAsync(port, channel, $"{i}");
    }

    public static async Task<(HttpStatusCode Status, string Body)> PostAsync(int port, string body, params string[] headers)
    {
        using var request = SseClient.Request(HttpMethod.Post, port, "/publish", headers);
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        using var response = await Http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Sends a request and returns its answer.</summary>
    public static async Task<HttpResponseMessage> AskAsync(HttpMethod method, int port, string path, params string[] headers)
    {
        using var request = SseClient.Request(method, port, path, headers);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public static async Task<(HttpStatusCode Status, string Body)> GetAsync(int port, string path, params string[] headers)
    {
        using var response = await AskAsync(HttpMethod.Get, port, path, headers);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
