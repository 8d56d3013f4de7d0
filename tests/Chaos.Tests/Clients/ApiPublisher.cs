using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Gateway.Chaos.Tests.Checking;
using Gateway.Chaos.Tests.Run;

namespace Gateway.Chaos.Tests.Clients;

/// <summary>A backend: publishes over HTTP to any node, one message after the other, each until it is acknowledged.</summary>
internal sealed class ApiPublisher(ChaosScene scene, int number, IReadOnlyList<string> channels) : IPublisher
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(12) };
    private readonly Random _random = new(scene.Seed * 1000 + number);
    private volatile int _open;
    private int _numbers;

    public string Name => string.Create(CultureInfo.InvariantCulture, $"p{number} (API)");

    public int Open => _open;

    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await Task.Delay(60, CancellationToken.None);
            if (!scene.IsPublishing)
                continue;
            var id = new MessageId(number, ++_numbers);
            string channel = channels[_random.Next(channels.Count)];
            _open = 1;
            while (!stopping.IsCancellationRequested && !await TryPublishAsync(id, channel, stopping))
                await Task.Delay(_random.Next(50, 300), CancellationToken.None);
            _open = 0;
        }
    }

    private async Task<bool> TryPublishAsync(MessageId id, string channel, CancellationToken stopping)
    {
        var node = scene.Nodes[_random.Next(scene.Nodes.Count)];
        scene.Ledger.Sending(id, channel, connection: -number);
        long now = scene.Clock.Now;
        var request = new PendingRequest("POST /api/publish", Name, node.Name, node.Disturbances, now, now, channel);
        try
        {
            string json = $$"""{"channel":"{{channel}}","content":{{id.Content}},"key":"{{id.Key}}"}""";
            using var body = new StringContent(json, Encoding.UTF8, "application/json");
            using var reply = await Http.PostAsync(node.Internal("/api/publish"), body, stopping);
            string text = await reply.Content.ReadAsStringAsync(stopping);
            scene.Answers.Done(request, isAnswered: true);
            return Take(id, reply.StatusCode, text);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            scene.Answers.Done(request, isAnswered: false);
            scene.Ledger.Unanswered();
            return false;
        }
    }

    private bool Take(MessageId id, HttpStatusCode status, string text)
    {
        switch (status)
        {
            case HttpStatusCode.OK:
                using (var answer = JsonDocument.Parse(text))
                {
                    scene.Ledger.Acknowledged(id, answer.RootElement.TryGetProperty("epoch", out var epoch)
                        ? new Position(epoch.GetString()!, answer.RootElement.GetProperty("seq").GetInt64())
                        : null);
                }
                return true;
            case HttpStatusCode.ServiceUnavailable:
                scene.Ledger.Refused(id);
                return false;
            case HttpStatusCode.GatewayTimeout:
                scene.Ledger.Unanswered();
                return false;
            default:
                scene.Problems.Add(ProblemKind.Protocol, Name, $"{Name} heard {(int)status} {text}");
                return true;
        }
    }
}
