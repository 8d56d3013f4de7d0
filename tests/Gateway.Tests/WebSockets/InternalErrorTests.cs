using System.Reflection;
using Gateway.Server.Backplane;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using static Gateway.Tests.WebSockets.Expect;

namespace Gateway.Tests.WebSockets;

/// <summary>
/// Close code 1011: a fault of the gateway ends one connection in order, reveals nothing of the inside, and leaves nothing behind.
/// </summary>
public sealed class InternalErrorTests
{
    [Fact]
    public async Task A_fault_while_a_message_is_handled_closes_with_1011_and_waits_for_the_answer()
    {
        await using var server = await GatewayServer.StartAsync(["Heartbeat:PongTimeout=00:00:01"], services =>
            services.AddSingleton(DispatchProxy.Create<IBackplane, Faulty>()));
        await using var client = await RawWebSocket.ConnectAsync(server.PublicPort);
        await FrameAsync(client, Text);
        await client.SendAsync((byte[])[
            .. RawWebSocket.TextFrame("""{"type":"subscribe","channel":"a"}"""), .. RawWebSocket.TextFrame("""{"type":"ping"}""")]);
        string disconnect = (await FrameAsync(client, Text)).Text;
        Assert.Contains("\"code\":1011", disconnect, StringComparison.Ordinal);
        Assert.Contains("\"reconnect\":true", disconnect, StringComparison.Ordinal);
        var close = await FrameAsync(client, Close);
        Assert.Equal((1011, "internal error"), (close.CloseCode, close.CloseReason));
        for (int i = 0; i < 50; i++)
            await client.SendAsync(RawWebSocket.Frame(Binary, Bytes(30_000)));
        await client.SendAsync(RawWebSocket.CloseFrame(1011));
        await EndOfStreamAsync(client);
        await Eventually.TrueAsync(() => server.Connections.Count == 0, "the connection is gone");
    }

    /// <summary>A backplane that breaks its promise never to throw.</summary>
    public class Faulty : DispatchProxy
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            if (targetMethod!.Name == nameof(IBackplane.SubscribeAsync))
                throw new InvalidOperationException("an inner secret");
            var result = targetMethod.ReturnType;
            return result.IsValueType && result != typeof(void) ? Activator.CreateInstance(result) : null;
        }
    }
}
