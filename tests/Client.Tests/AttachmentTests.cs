using System.Text;
using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Client.Tests;

/// <summary>Bytes beside the content of a message, or instead of it.</summary>
public sealed class AttachmentTests
{
    [Fact]
    public async Task Bytes_arrive_with_content_and_without()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var client = Clients.To(server);
        await using var news = client.Subscribe<string>("news");
        await news.Started.WaitAsync(Clients.Deadline);
        byte[] picture = new byte[50_000];
        Random.Shared.NextBytes(picture);

        await client.PublishBytesAsync("news", picture, cancellationToken: Clients.Deadline);
        await client.PublishAsync("news", "é", new PublishOptions { Attachments = [new byte[] { 1, 2 }, default] }, Clients.Deadline);
        await client.PublishBytesAsync(
            "news", new byte[] { 7 }, new PublishOptions { Attachments = [new byte[] { 8 }] }, Clients.Deadline);
        await client.PublishAsync("news", "text", cancellationToken: Clients.Deadline);

        var messages = await ReceiveAsync(news, 4);
        Assert.Equal([null, "é", null, "text"], messages.Select(message => message.Content));
        Assert.Equal([[picture], [[1, 2], []], [[7], [8]], []], messages.Select(Bytes));
    }

    [Fact]
    public async Task History_and_recovery_have_them_and_a_key_publishes_once()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var client = Clients.To(server);
        var options = new PublishOptions { Key = "picture" };
        var first = await client.PublishAsync("log:1", "a", cancellationToken: Clients.Deadline);
        var second = await client.PublishBytesAsync("log:1", new byte[] { 1, 2, 3 }, options, Clients.Deadline);
        Assert.Equal(second, await client.PublishBytesAsync("log:1", new byte[] { 1, 2, 3 }, options, Clients.Deadline));

        await using var late = client.Subscribe<string>("log:1", new SubscribeOptions { After = first });
        var message = Assert.Single(await ReceiveAsync(late, 1));
        Assert.Equal(2, message.Position!.Value.Seq);
        Assert.Equal([[1, 2, 3]], Bytes(message));

        var page = await client.GetHistoryAsync<string>("log:1", cancellationToken: Clients.Deadline);
        Assert.Equal([[], [[1, 2, 3]]], page.Messages.Select(Bytes));
        Assert.Null(page.Messages[1].Content);
    }

    [Fact]
    public async Task Too_many_or_too_large_attachments_are_refused_here()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var client = Clients.To(server);

        var sixteen = new PublishOptions { Attachments = [.. Enumerable.Repeat(ReadOnlyMemory<byte>.Empty, 16)] };
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => client.PublishBytesAsync("news", default, sixteen, Clients.Deadline));
        var failure = await Assert.ThrowsAsync<GatewayException>(
            () => client.PublishBytesAsync("news", new byte[65_536], cancellationToken: Clients.Deadline));
        Assert.Equal(GatewayErrorCode.MessageTooLarge, failure.Code);
        Assert.Null(await client.PublishAsync("news", 1, cancellationToken: Clients.Deadline));
    }

    [Fact]
    public void A_binary_message_that_lies_is_not_understood()
    {
        byte[] whole = AttachedMessage.Of("c", "", [1, 2], [3]);
        Assert.Equal(2, ServerMessage.ReadBinary(whole).Attachments.Count);
        for (int length = 0; length < whole.Length; length++)
            Assert.ThrowsAny<JsonException>(() => ServerMessage.ReadBinary(whole.AsSpan(0, length)));
        Assert.ThrowsAny<JsonException>(() => ServerMessage.ReadBinary([.. whole, 0]));
        foreach (string lengths in (string[])["[-1]", "[4]", "[\"AQID\"]", "[2,2]", "3"])
            Assert.ThrowsAny<JsonException>(
                () => ServerMessage.ReadBinary(AttachedMessage.Bytes($$"""{"attachments":{{lengths}}}""", [1, 2, 3])));
        Assert.ThrowsAny<JsonException>(() => ServerMessage.Read(Encoding.UTF8.GetBytes("""{"attachments":[3]}""")));
    }

    private static async Task<List<Message<T>>> ReceiveAsync<T>(Subscription<T> subscription, int count)
    {
        var messages = new List<Message<T>>();
        await foreach (var message in subscription.WithCancellation(Clients.Deadline))
        {
            messages.Add(message);
            if (messages.Count == count)
                break;
        }
        return messages;
    }

    private static byte[][] Bytes<T>(Message<T> message) => [.. message.Attachments.Select(attachment => attachment.ToArray())];
}
