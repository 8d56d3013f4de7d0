using Gateway.Tests.Compression;
using Gateway.TestSupport;

namespace Gateway.Tests.BinaryMessages;

/// <summary>Binary messages of clients that have agreed on compression.</summary>
public sealed class CompressionTests
{
    private const int Binary = 2;

    [Fact]
    public async Task They_go_compressed_live_and_missed_and_are_taken_compressed()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:log:History=10");
        await using var plain = await JsonClient.ConnectAsync(server);
        await using var client = await CompressingClient.ConnectAsync(server.PublicPort);
        string epoch = (await plain.SubscribeAsync("log:a")).Text("epoch");
        await client.SubscribeAsync("log:a");
        byte[] zeros = new byte[20_000];
        byte[] message = AttachedMessage.Of("log:a", ",\"content\":[1]", zeros, [7]);

        await client.Socket.SendAsync(RawWebSocket.Frame(Binary, Deflated.Of(message), rsv: 4));

        Assert.Equal([zeros, [7]], (await plain.ReceiveAttachedAsync()).Attachments);
        await ReadAsync(client);
        await using var late = await CompressingClient.ConnectAsync(server.PublicPort);
        await late.AskAsync(
            $$$"""{"type":"subscribe","channel":"log:a","recover":{"epoch":"{{{epoch}}}","seq":0}}""", "subscribed");
        await ReadAsync(late);

        async Task ReadAsync(CompressingClient from)
        {
            var frame = (await from.Socket.ReadFrameAsync())!;
            Assert.Equal((Binary, 4), (frame.Opcode, frame.Rsv));
            Assert.InRange(frame.Payload.Length, 1, 1_000);
            var received = AttachedMessage.Read(Deflated.Inflate(frame.Payload));
            Assert.Equal("[1]", received.Header.Raw("content"));
            Assert.Equal([zeros, [7]], received.Attachments);
        }
    }

    [Fact]
    public async Task One_that_inflates_to_another_layout_closes_with_1003()
    {
        await using var server = await GatewayServer.StartAsync();
        await using var client = await CompressingClient.ConnectAsync(server.PublicPort);
        await client.Socket.SendAsync(RawWebSocket.Frame(Binary, Deflated.Of("[]"), rsv: 4));
        Assert.Equal(1003, (await client.ReadAsync("disconnect")).Message.Number("code"));
    }
}
