using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

public sealed class HistoryTests(SharedGateway gateway) : IClassFixture<SharedGateway>
{
    [Fact]
    public async Task A_channel_nobody_wrote_to_has_an_epoch_and_no_messages()
    {
        await using var client = await gateway.ConnectAsync();

        var history = await AskAsync(client, SharedGateway.NewChannel("log"), ",\"id\":\"h\"");

        Assert.Equal("h", history.Text("id"));
        Assert.NotEmpty(history.Text("epoch"));
        Assert.Empty(Seqs(history));
        Assert.False(More(history));
    }

    [Fact]
    public async Task Messages_in_the_history_are_the_messages_that_were_sent()
    {
        string channel = SharedGateway.NewChannel("log");
        await using var client = await gateway.ConnectAsync("?user=ann");
        await client.SubscribeAsync(channel);
        await client.PublishAsync(channel, """{ "a":[1e400 ]}""");
        await client.PublishAsync(channel, "\"é\\u00e9\"");
        var sent = await client.ReceiveMessagesAsync(2);

        var history = await AskAsync(client, channel);

        Assert.Equal(sent.Select(message => message.GetRawText()), Messages(history).Select(message => message.GetRawText()));
    }

    [Fact]
    public async Task Without_a_range_the_newest_100_come_in_ascending_order()
    {
        var (client, channel) = await FilledAsync("deep", 150);
        await using var _ = client;

        var history = await AskAsync(client, channel);

        Assert.Equal(Range(51, 150), Seqs(history));
        Assert.True(More(history));
    }

    [Fact]
    public async Task A_limit_is_kept_and_one_over_1000_counts_as_1000()
    {
        var (client, channel) = await FilledAsync("deep", 1100);
        await using var _ = client;

        Assert.Equal(Range(1098, 1100), Seqs(await AskAsync(client, channel, ",\"limit\":3")));
        Assert.Equal(Range(101, 1100), Seqs(await AskAsync(client, channel, ",\"limit\":1000")));
        Assert.Equal(Range(101, 1100), Seqs(await AskAsync(client, channel, ",\"limit\":1001")));
        Assert.Equal(Range(101, 1100), Seqs(await AskAsync(client, channel, ",\"limit\":9999999999")));
    }

    [Theory]
    [InlineData(",\"after\":0", 1, 20, false)]
    [InlineData(",\"after\":15", 16, 20, false)]
    [InlineData(",\"after\":0,\"limit\":20", 1, 20, false)]
    [InlineData(",\"after\":0,\"limit\":19", 1, 19, true)]
    [InlineData(",\"after\":4,\"limit\":3", 5, 7, true)]
    [InlineData(",\"after\":19", 20, 20, false)]
    [InlineData(",\"after\":20", 1, 0, false)]
    [InlineData(",\"after\":9223372036854775807", 1, 0, false)]
    [InlineData(",\"before\":21", 1, 20, false)]
    [InlineData(",\"before\":9223372036854775807", 1, 20, false)]
    [InlineData(",\"before\":6", 1, 5, false)]
    [InlineData(",\"before\":6,\"limit\":2", 4, 5, true)]
    [InlineData(",\"before\":3,\"limit\":2", 1, 2, false)]
    [InlineData(",\"before\":1", 1, 0, false)]
    [InlineData(",\"before\":0", 1, 0, false)]
    public async Task A_range_starts_next_to_its_seq_and_more_tells_whether_it_goes_on(string range, int first, int last, bool more)
    {
        var (client, channel) = await FilledAsync("log", 20);
        await using var _ = client;

        var history = await AskAsync(client, channel, range);

        Assert.Equal(Range(first, last), Seqs(history));
        Assert.Equal(more, More(history));
    }

    [Theory]
    [InlineData(",\"before\":2,\"after\":1")]
    [InlineData(",\"limit\":0")]
    [InlineData(",\"limit\":-1")]
    [InlineData(",\"limit\":1.5")]
    [InlineData(",\"limit\":\"3\"")]
    [InlineData(",\"after\":-1")]
    [InlineData(",\"before\":1e3")]
    public async Task A_range_that_means_nothing_is_a_bad_request(string range)
    {
        await using var client = await gateway.ConnectAsync();

        var error = await client.AskAsync($$"""{"type":"history","channel":"log:x","id":9{{range}}}""", "error");

        Assert.Equal(("bad_request", 9), (error.Text("code"), error.Number("id")));
    }

    [Fact]
    public async Task A_namespace_without_history_says_so()
    {
        await using var client = await gateway.ConnectAsync();

        var error = await client.AskAsync("""{"type":"history","channel":"plain","id":9}""", "error");

        Assert.Equal(("history_unavailable", "plain", 9), (error.Text("code"), error.Text("channel"), error.Number("id")));
    }

    [Fact]
    public async Task Only_as_many_messages_as_configured_are_kept_the_newest()
    {
        var (client, channel) = await FilledAsync("log", 27);
        await using var _ = client;

        foreach (string range in new[] { "", ",\"after\":0", ",\"after\":3" })
        {
            var history = await AskAsync(client, channel, range);
            Assert.Equal(Range(8, 27), Seqs(history));
            Assert.False(More(history));
        }
    }

    [Fact]
    public async Task A_message_leaves_the_history_when_its_time_is_over_and_the_position_stays()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:brief:History=10", "Namespaces:brief:HistoryTtl=00:00:00.1");
        await using var client = await JsonClient.ConnectAsync(server);
        var ack = await client.PublishManyAsync("brief:a", 5);

        await Eventually.TrueAsync(async () => !Seqs(await AskAsync(client, "brief:a")).Any(), "no message is kept any more");

        Assert.Equal(ack.Text("epoch"), (await AskAsync(client, "brief:a")).Text("epoch"));
        Assert.Equal(6, (await client.PublishManyAsync("brief:a", 1)).Number("seq"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Large_contents_come_in_several_answers_none_of_which_is_large(bool forward)
    {
        string channel = SharedGateway.NewChannel("deep");
        await using var client = await gateway.ConnectAsync();
        string content = "\"" + new string('x', 50_000) + "\"";
        for (int i = 0; i < 24; i++)
            await client.PublishAsync(channel, content);

        var seqs = new List<long>();
        int answers = 0;
        JsonElement page;
        do
        {
            string range = (forward, seqs.Count) switch
            {
                (true, _) => $",\"after\":{seqs.LastOrDefault()}",
                (false, 0) => "",
                (false, _) => $",\"before\":{seqs.Min()}",
            };
            page = await AskAsync(client, channel, range);
            Assert.InRange(page.GetRawText().Length, 50_000, 300_000);
            seqs.AddRange(Seqs(page));
            answers++;
        }
        while (More(page));

        Assert.True(answers > 1);
        Assert.Equal(Range(1, 24), seqs.Order());
    }

    private async Task<(JsonClient Client, string Channel)> FilledAsync(string ofNamespace, int messages)
    {
        string channel = SharedGateway.NewChannel(ofNamespace);
        var client = await gateway.ConnectAsync();
        await client.PublishManyAsync(channel, messages);
        return (client, channel);
    }

    private static Task<JsonElement> AskAsync(JsonClient client, string channel, string range = "") =>
        client.AskAsync($$"""{"type":"history","channel":"{{channel}}"{{range}}}""", "history");

    private static JsonElement[] Messages(JsonElement history) => [.. history.GetProperty("messages").EnumerateArray()];

    private static IEnumerable<long> Seqs(JsonElement history) => Messages(history).Seqs();

    private static bool More(JsonElement history) => history.GetProperty("more").GetBoolean();

    private static IEnumerable<long> Range(int first, int last) => Enumerable.Range(first, last - first + 1).Select(seq => (long)seq);
}
