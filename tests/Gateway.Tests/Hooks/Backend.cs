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
/// Safe for any thread. An application's backend: a real HTTP server that checks every signature by itself, notes what it is asked and
/// told, and answers as a test wants.
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

    /// <summary>What it answers when it is asked. Unset: yes.</summary>
    public Func<HttpContext, Request, Task> OnAsked { get; set; } = (context, _) => AnswerAsync(context, """{"allow":true}""");

    /// <summary>What it answers when it is told. Unset: 204.</summary>
    public Func<HttpContext, Request, Task> OnTold { get; set; } = (context, _) =>
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    };

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/hooks";

    /// <summary>Everything that came, in order.</summary>
    public IReadOnlyList<Request> Requests => [.. _requests];

    /// <summary>What it was asked, in order.</summary>
    public IReadOnlyList<JsonElement> Asked => [.. _requests.Where(request => !request.Json.Has("events")).Select(request => request.Json)];

    /// <summary>What it was told and took, each delivery once, in order.</summary>
    public IReadOnlyList<JsonElement> Told =>
        [.. _requests.Where(request => request.IsTaken).SelectMany(request => request.Json.GetProperty("events").EnumerateArray())];

    /// <summary>Completes when the test is over: what hangs until then need not be cut.</summary>
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

    /// <summary>Answers yes to everything but what the test denies.</summary>
    /// <param name="denied">Whether to deny.</param>
    /// <param name="more">Further fields of the denial, each with a leading comma.</param>
    public void Deny(Func<JsonElement, bool> denied, string more = "") =>
        OnAsked = (context, request) => AnswerAsync(context, denied(request.Json) ? $$"""{"allow":false{{more}}}""" : """{"allow":true}""");

    public static Task AnswerAsync(HttpContext context, string json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    }

    /// <summary>An event as <c>subscribed a</c>.</summary>
    public static string Describe(JsonElement told) =>
        told.Has("channel") ? $"{told.Text("type")} {told.Text("channel")}" : told.Text("type");

    /// <summary>Waits until it was told so much.</summary>
    public async Task<IReadOnlyList<JsonElement>> ToldAsync(int count)
    {
        await Eventually.TrueAsync(() => Told.Count >= count, $"the backend is told {count} events");
        return Told;
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
            await OnAsked(context, request);
            return;
        }
        await OnTold(context, request);
        request.IsTaken = context.Response.StatusCode is >= 200 and < 300 && !context.RequestAborted.IsCancellationRequested;
    }

    /// <summary>
    /// Standard Webhooks, "Verifying webhook authenticity", but for the time: the gateway of a test may have a clock of its own.
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

        /// <summary>Whether it was answered well.</summary>
        public bool IsTaken { get; set; }
    }
}
