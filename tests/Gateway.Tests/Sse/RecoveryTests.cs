using System.Text.Json;
using Gateway.Tests.Redis;
using Gateway.TestSupport;
using static Gateway.Tests.Sse.Publishing;

namespace Gateway.Tests.Sse;

/// <summary>Streams that come back with the id of the last event that was read.</summary>
public sealed class RecoveryTests(StreamTests.Shared gateway) : IClassFixture<StreamTests.Shared>
{
    private int Port => gateway.Server.PublicPort;

    [Theory]
    [InlineData("header")]
    [InlineData("query")]
    public async Task Exactly_the_missed_messages_come_before_new_ones(string place)
    {
        string channel = "log:missed-" + place, query = "channel=" + channel;
        string id = await ReadToAsync(channel, 3);
        await PublishManyAsync(Port, channel, 4, 6);

        await using var back = place == "header"
            ? await SseClient.ConnectAsync(Port, query, "Last-Event-ID: " + id)
            : await SseClient.ConnectAsync(Port, $"{query}&lastEventId={id}");
        await PublishAsync(Port, channel, "7");

        Assert.True(IsRecovered(await back.ReceiveAsync("subscribed")));
        for (int i = 4; i <= 7; i++)
            Assert.Equal((i, i), NumberOf(await back.ReceiveAsync("message")));
    }

    [Fact]
    public async Task The_header_of_a_browser_that_came_back_by_itself_counts_more_than_its_old_address()
    {
        string first = await ReadToAsync("log:both", 1);
        await PublishManyAsync(Port, "log:both", 2, 3);
        string second;
        await using (var client = await SseClient.ConnectAsync(Port, "channel=log:both&lastEventId=" + first))
        {
            await client.ReceiveThroughAsync(each => each.Type == "message" && each.Json.Number("seq") == 3);
            second = client.LastEventId;
        }
        await PublishAsync(Port, "log:both", "4");

        await using var back = await SseClient.ConnectAsync(Port, "channel=log:both&lastEventId=" + first, "Last-Event-ID: " + second);

        await back.ReceiveAsync("subscribed");
        Assert.Equal((4, 4), NumberOf(await back.ReceiveAsync("message")));
    }

    [Fact]
    public async Task Every_channel_goes_on_from_its_own_position_and_channels_not_requested_are_left_out()
    {
        await using var client = await SseClient.ConnectAsync(Port, "channel=log:x&channel=log:y&channel=plain");
        await client.ReceiveThroughAsync(each => each.Type == "subscribed" && each.Json.Text("channel") == "plain");
        await PublishManyAsync(Port, "log:x", 1, 2);
        await PublishManyAsync(Port, "log:y", 1, 5);
        await client.ReceiveThroughAsync(
            each => each.Type == "message" && each.Json is var json && json.Text("channel") == "log:y" && json.Number("seq") == 5);
        await client.DisposeAsync();
        await PublishAsync(Port, "log:x", "3");
        await PublishAsync(Port, "log:y", "6");

        await using var back = await SseClient.ConnectAsync(
            Port, "channel=log:y&channel=log:z&channel=plain", "Last-Event-ID: " + client.LastEventId);

        Assert.True(IsRecovered(await back.ReceiveAsync("subscribed")));
        Assert.Equal((6, 6), NumberOf(await back.ReceiveAsync("message")));
        Assert.False((await back.ReceiveAsync("subscribed")).Json.Has("recovered"));
        Assert.False((await back.ReceiveAsync("subscribed")).Json.Has("recovered"));
        Assert.Equal(2, Positions(back.LastEventId));
    }

    [Fact]
    public async Task Breaking_off_again_before_the_second_channel_was_confirmed_loses_nothing_of_it()
    {
        await using var client = await SseClient.ConnectAsync(Port, "channel=log:1st&channel=log:2nd");
        await client.ReceiveAsync("subscribed");
        await client.ReceiveAsync("subscribed");
        string before = client.LastEventId;
        await PublishAsync(Port, "log:1st", "1");
        await PublishAsync(Port, "log:2nd", "1");
        await using var brief = await SseClient.ConnectAsync(Port, "channel=log:1st&channel=log:2nd", "Last-Event-ID: " + before);
        await brief.ReceiveAsync("subscribed");
        await brief.ReceiveAsync("message");

        await using var back = await SseClient.ConnectAsync(Port, "channel=log:1st&channel=log:2nd", "Last-Event-ID: " + brief.LastEventId);

        Assert.True(IsRecovered(await back.ReceiveAsync("subscribed")));
        Assert.True(IsRecovered(await back.ReceiveAsync("subscribed")));
        Assert.Equal("log:2nd", (await back.ReceiveAsync("message")).Json.Text("channel"));
    }

    [Theory]
    [InlineData("17")]
    [InlineData("not an id of ours")]
    [InlineData("AQ==")]
    [InlineData("AQAA")]
    [InlineData("Ag")]
    [InlineData("AXTpeyvkA_veAAxlODYyZDMyZmI2NDE!")]
    public async Task An_id_that_cannot_be_read_is_not_recovered(string id)
    {
        await using var client = await SseClient.ConnectAsync(Port, "channel=log:unreadable", "Last-Event-ID: " + id);

        var subscribed = await client.ReceiveAsync("subscribed");

        Assert.False(IsRecovered(subscribed));
        // The id of that answer can be recovered from.
        await using var back = await SseClient.ConnectAsync(Port, "channel=log:unreadable", "Last-Event-ID: " + subscribed.LastEventId);
        Assert.True(IsRecovered(await back.ReceiveAsync("subscribed")));
    }

    [Fact]
    public async Task A_position_that_history_no_longer_holds_is_not_recovered()
    {
        string id = await ReadToAsync("size:gone", 1);
        await PublishManyAsync(Port, "size:gone", 2, 30);

        await using var back = await SseClient.ConnectAsync(Port, "channel=size:gone", "Last-Event-ID: " + id);
        await PublishAsync(Port, "size:gone", "31");

        var subscribed = await back.ReceiveAsync("subscribed");
        Assert.False(IsRecovered(subscribed));
        Assert.Equal(30, subscribed.Json.Number("seq"));
        Assert.Equal((31, 31), NumberOf(await back.ReceiveAsync("message")));
    }

    [Fact]
    public async Task A_stream_goes_on_at_another_node()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var client = await SseClient.ConnectAsync(nodes.A.PublicPort, "channel=h:a&channel=h:b");
        await client.ReceiveAsync("subscribed");
        await client.ReceiveAsync("subscribed");
        await PublishManyAsync(nodes.B.PublicPort, "h:a", 1, 2);
        await client.ReceiveAsync("message");
        await client.ReceiveAsync("message");
        await client.DisposeAsync();
        await PublishManyAsync(nodes.A.PublicPort, "h:a", 3, 4);
        await PublishAsync(nodes.B.PublicPort, "h:b", "1");

        await using var back = await SseClient.ConnectAsync(
            nodes.B.PublicPort, "channel=h:a&channel=h:b", "Last-Event-ID: " + client.LastEventId);

        Assert.True(IsRecovered(await back.ReceiveAsync("subscribed")));
        Assert.Equal((3, 3), NumberOf(await back.ReceiveAsync("message")));
        Assert.Equal((4, 4), NumberOf(await back.ReceiveAsync("message")));
        Assert.True(IsRecovered(await back.ReceiveAsync("subscribed")));
        Assert.Equal((1, 1), NumberOf(await back.ReceiveAsync("message")));
    }

    [Fact]
    public async Task Without_the_backplane_the_stream_says_so_and_asks_to_come_back()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.Redis.Kill();
        await Eventually.TrueAsync(() => TwoNodes.Problem(nodes.A) is not null, "the node has noticed");

        await using var client = await SseClient.ConnectAsync(nodes.A.PublicPort, "channel=h:a");

        Assert.Equal("unavailable", (await client.ReceiveAsync("error")).Json.Text("code"));
        var message = (await client.ReceiveAsync("disconnect")).Json;
        Assert.Equal((1013, 5000), (message.Number("code"), message.Number("retryAfter")));
        Assert.True(message.GetProperty("reconnect").GetBoolean());
        Assert.Null(await client.TryReceiveAsync());
        Assert.Equal(5000, client.Parser.Retry);
        var (status, body) = await PostAsync(nodes.A.PublicPort, """{"channel":"h:a","content":1}""");
        Assert.Equal((503, "unavailable"), ((int)status, JsonDocument.Parse(body).RootElement.Text("error")));
    }

    /// <summary>Publishes and reads up to a message, then leaves.</summary>
    /// <returns>The id of the last event.</returns>
    private async Task<string> ReadToAsync(string channel, int last)
    {
        await using var client = await SseClient.ConnectAsync(Port, "channel=" + channel);
        await client.ReceiveAsync("subscribed");
        await PublishManyAsync(Port, channel, 1, last);
        for (int i = 1; i <= last; i++)
            Assert.Equal((i, i), NumberOf(await client.ReceiveAsync("message")));
        return client.LastEventId;
    }

    private static bool IsRecovered(StreamEvent subscribed) => subscribed.Json.GetProperty("recovered").GetBoolean();

    private static (long Seq, long Content) NumberOf(StreamEvent message) => (message.Json.Number("seq"), message.Json.Number("content"));

    /// <summary>The number of channels in an id, 32 characters each.</summary>
    private static int Positions(string id) => id.Length / 29;
}
