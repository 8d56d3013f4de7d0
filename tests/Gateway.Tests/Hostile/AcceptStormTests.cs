using System.Globalization;
using System.Net.Sockets;
using Gateway.Server.Admission;
using Gateway.TestSupport;

namespace Gateway.Tests.Hostile;

/// <summary>Thousands of connects at once: each ends in service or a refusal, and afterwards the gateway is as before.</summary>
public sealed class AcceptStormTests
{
    private enum End
    {
        Served,
        Refused,
        Closed,
    }

    [Fact]
    public async Task Five_thousand_connects_at_once_are_all_served()
    {
        await using var gateway = await GatewayProcess.StartAsync();
        var ends = await StormAsync(gateway.PublicPort, Most(5_000));
        Assert.All(ends, end => Assert.Equal(End.Served, end));
        await WorksAsync(gateway);
    }

    [Fact]
    public async Task Over_the_limit_of_connections_the_storm_is_refused_with_503()
    {
        await using var gateway = await GatewayProcess.StartAsync("Limits:Connections=100");
        var ends = await StormAsync(gateway.PublicPort, Most(2_000));
        Assert.Equal(100, ends.Count(end => end == End.Served));
        Assert.Equal(ends.Count - 100, ends.Count(end => end == End.Refused));
        await WorksAsync(gateway);
    }

    [Fact]
    public async Task With_few_open_files_some_are_served_and_the_rest_is_refused_or_closed_and_nothing_breaks()
    {
        await using var gateway = await GatewayProcess.StartAsync(new GatewayLaunch { OpenFiles = 700 });
        for (int round = 0; round < 2; round++)
        {
            var ends = await StormAsync(gateway.PublicPort, Most(3_000), () => Assert.InRange(OpenFilesOf(gateway), 300, 699));
            Assert.InRange(ends.Count(end => end == End.Served), 100, 600);
            await WorksAsync(gateway);
        }
        Assert.Empty(gateway.Errors);
        Assert.DoesNotContain("fail:", gateway.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_nearly_out_of_files_still_says_503_and_answers_health_checks()
    {
        await using var gateway = await GatewayProcess.StartAsync(new GatewayLaunch { OpenFiles = 700 });
        var open = new List<RawWebSocket>();
        try
        {
            HttpReply reply;
            do
            {
                var client = await RawWebSocket.ConnectTcpAsync(gateway.PublicPort);
                open.Add(client);
                await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws"));
                reply = await client.ReadReplyAsync();
            }
            while (reply.Status == 101);
            Assert.Equal((503, "unavailable", "5"), (reply.Status, reply.Json("error"), reply["Retry-After"]));
            using var http = new HttpClient { Timeout = Eventually.Limit };
            Assert.Equal(
                """{"status":"ready"}""", await http.GetStringAsync(gateway.Http("/health/ready"), TestContext.Current.CancellationToken));
        }
        finally
        {
            foreach (var client in open)
                await client.DisposeAsync();
        }
        await WorksAsync(gateway);
    }

    /// <summary>As many connections at once as this process may open; the gateway is a process of its own.</summary>
    private static int Most(int wanted) => Math.Min(wanted, (int)(OpenFiles.Limit() ?? int.MaxValue) - OpenFiles.Count() - 300);

    private static async Task<List<End>> StormAsync(int port, int count, Action? atTheHeight = null)
    {
        var clients = new RawWebSocket?[count];
        var ends = await Task.WhenAll(Enumerable.Range(0, count).Select(async i =>
        {
            try
            {
                var client = clients[i] = await RawWebSocket.ConnectTcpAsync(port);
                await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws"));
                string head = await client.ReadHeadAsync();
                return head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal) ? End.Served
                    : head.StartsWith("HTTP/1.1 503 ", StringComparison.Ordinal) ? End.Refused
                    : head.Length == 0 ? End.Closed
                    : throw new InvalidOperationException(head);
            }
            catch (Exception failure) when (failure is IOException or SocketException)
            {
                return End.Closed;
            }
        }));
        atTheHeight?.Invoke();
        foreach (var client in clients)
            client?.Reset();
        return [.. ends];
    }

    private static int OpenFilesOf(GatewayProcess gateway) =>
        Directory.EnumerateFileSystemEntries(string.Create(CultureInfo.InvariantCulture, $"/proc/{gateway.Id}/fd")).Count();

    private static Task WorksAsync(GatewayProcess gateway) => Eventually.TrueAsync(
        async () =>
        {
            try
            {
                await using var client = await JsonClient.ConnectAsync(gateway.WebSocketUri);
                await client.AskAsync("""{"type":"ping"}""", "pong");
                return true;
            }
            catch (System.Net.WebSockets.WebSocketException)
            {
                return false;
            }
        },
        "a new client is served");
}
