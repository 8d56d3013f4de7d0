using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gateway.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Hooks;

/// <summary>
/// An application's backend: a real HTTP server that checks every signature by itself, keeps requests and notifications, and answers as a
/// test wants. Safe for any thread.
/// </summary>
internal sealed class Backend : IAsyncDisposable
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Request> _requests = new();
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Backend()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Run(ServeAsync);
    }

    /// <summary>The answer to a request of a blocking hook. By default: allowed.</summary>
    public Func<HttpContext, Request, Task> OnCall { get; set; } = (context, _) => AnswerAsync(context, """{"allow":true}""");

    /// <summary>The answer to a delivery of events. By default: 204.</summary>
    public Func<HttpContext, Request, Task> OnEvents { get; set; } = (context, _) =>
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    };

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/hooks";

    /// <summary>All requests, in order.</summary>
    public IReadOnlyList<Request> Requests => [.. _requests];

    /// <summary>The requests of blocking hooks, in order.</summary>
    public IReadOnlyList<JsonElement> Calls => [.. _requests.Where(request => !request.Json.Has("events")).Select(request => request.Json)];

    /// <summary>The events of accepted deliveries, each delivery once, in order.</summary>
    public IReadOnlyList<JsonElement> Events =>
        [.. _requests.Where(request => request.IsTaken).SelectMany(request => request.Json.GetProperty("events").EnumerateArray())];

    /// <summary>Completes when the test is over. Requests that hang until then need not be aborted.</summary>
    public Task Over => _over.Task;

    public static async Task<Backend> StartAsync()
    {
        var backend = new Backend();
        await backend._app.StartAsync();
        return backend;
    }

    /// <summary>The settings of a gateway with this backend.</summary>
    /// <param name="events">As <c>connect,connected</c>.</param>
    /// <param name="more">Further settings.</param>
    public string[] Settings(string events, params string[] more) => SettingsFor(Url, events, more);

    public static string[] SettingsFor(string url, string events, params string[] more) =>
        [$"Hooks:Url={url}", $"Hooks:Secret=whsec_{Convert.ToBase64String(Key)}", $"Hooks:Events={events}", .. more];

    /// <summary>Allows everything except what the test denies.</summary>
    /// <param name="denied">Whether to deny.</param>
    /// <param name="more">Further fields of the denial, each with a leading comma.</param>
    public void Deny(Func<JsonElement, bool> denied, string more = "") =>
        OnCall = (context, request) => AnswerAsync(context, denied(request.Json) ? $$"""{"allow":false{{more}}}""" : """{"allow":true}""");

    public static Task AnswerAsync(HttpContext context, string json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    }

    /// <summary>An event as <c>subscribed a</c>.</summary>
    public static string Describe(JsonElement one) =>
        one.Has("channel") ? $"{one.Text("type")} {one.Text("channel")}" : one.Text("type");

    /// <summary>Waits for a number of events.</summary>
    public async Task<IReadOnlyList<JsonElement>> EventsAsync(int count)
    {
        await Eventually.TrueAsync(() => Events.Count >= count, $"the backend has {count} events");
        return Events;
    }

    private async Task ServeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var request = new Request(context.Request.Headers["webhook-id"]!, body.ToArray());
        if (!IsGenuine(context.Request.Headers, body.ToArray()))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }
        _requests.Enqueue(request);
        if (!request.Json.Has("events"))
        {
            await OnCall(context, request);
            return;
        }
        await OnEvents(context, request);
        request.IsTaken = context.Response.StatusCode is >= 200 and < 300 && !context.RequestAborted.IsCancellationRequested;
    }

    /// <summary>
    /// Checks a signature as in Standard Webhooks, "Verifying webhook authenticity", without the time: the gateway of a test may have its
    /// own clock.
    /// </summary>
    private static bool IsGenuine(IHeaderDictionary headers, byte[] body)
    {
        string prefix = string.Create(CultureInfo.InvariantCulture, $"{headers["webhook-id"]}.{headers["webhook-timestamp"]}.");
        byte[] signed = [.. Encoding.ASCII.GetBytes(prefix), .. body];
        return headers["webhook-signature"] == "v1," + Convert.ToBase64String(HMACSHA256.HashData(Key, signed))
            && headers.ContentType == "application/json";
    }

    public async ValueTask DisposeAsync()
    {
        _over.TrySetResult();
        await _app.DisposeAsync();
    }

    /// <param name="Id">Of the header.</param>
    /// <param name="Body">Byte for byte.</param>
    internal sealed record Request(string Id, byte[] Body)
    {
        public JsonElement Json { get; } = JsonDocument.Parse(Body).RootElement;

        /// <summary>Whether the answer accepted the request.</summary>
        public bool IsTaken { get; set; }
    }
}
