using System.Text.Json;
using Gateway.TestSupport;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.WebSockets;

/// <summary>
/// The <c>disconnect</c> message of <c>/ws</c>, which says the same as the close frame behind it for clients that cannot see close codes.
/// </summary>
public sealed class DisconnectTests(EchoServer server) : IClassFixture<EchoServer>
{
    private async Task<RawWebSocket> ConnectAsync()
    {
        var client = await RawWebSocket.ConnectAsync(server.Gateway.PublicPort);
        await MessageAsync(client, "connected");
        return client;
    }

    private static async Task<JsonElement> MessageAsync(RawWebSocket client, string type)
    {
        var message = JsonDocument.Parse((await FrameAsync(client, Text)).Text).RootElement;
        Assert.Equal(type, message.GetProperty("type").GetString());
        return message;
    }

    private static async Task DisconnectAsync(RawWebSocket client, int code, string reason)
    {
        var message = await MessageAsync(client, "disconnect");
        Assert.Equal(code, message.GetProperty("code").GetInt32());
        Assert.Equal(reason, message.GetProperty("reason").GetString());
        Assert.False(message.GetProperty("reconnect").GetBoolean());
        Assert.Equal(reason, await FailureAsync(client, code));
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { (byte)'{', (byte)'}' })]
    public async Task A_binary_message_is_refused(byte[] payload)
    {
        await using var client = await ConnectAsync();
        await client.SendAsync(RawWebSocket.Frame(Binary, payload));
        await DisconnectAsync(client, 1003, "a binary message begins with the length of its header, in 4 bytes");
    }

    [Fact]
    public async Task Requests_before_a_binary_message_are_answered_and_those_behind_it_are_not()
    {
        await using var client = await ConnectAsync();
        string ping = """{"type":"ping","id":1}""";
        await client.SendAsync(
            (byte[])[.. RawWebSocket.TextFrame(ping), .. RawWebSocket.Frame(Binary, [1]), .. RawWebSocket.TextFrame(ping)]);
        await MessageAsync(client, "pong");
        await DisconnectAsync(client, 1003, "a binary message begins with the length of its header, in 4 bytes");
    }

    [Theory]
    [InlineData(1002, "reserved opcode", new byte[] { 0x83 })]
    [InlineData(1002, "client frame is not masked", new byte[] { 0x81, 0x01 })]
    [InlineData(1007, "text is not valid UTF-8", new byte[] { 0x81, 0x81, 0, 0, 0, 0, 0xFF })]
    [InlineData(1009, "message exceeds 16777216 bytes", new byte[] { 0x81, 0xFF, 0, 0, 0, 0, 1, 0, 0, 1 })]
    public async Task A_violation_is_explained(int code, string reason, byte[] sent)
    {
        await using var client = await ConnectAsync();
        await client.SendAsync(sent);
        await DisconnectAsync(client, code, reason);
    }

    [Fact]
    public async Task A_close_by_the_client_needs_no_explanation()
    {
        await using var client = await ConnectAsync();
        await client.SendAsync(RawWebSocket.CloseFrame(1000));
        Assert.Equal(1000, (await FrameAsync(client, Close)).CloseCode);
        await EndOfStreamAsync(client);
    }
}
