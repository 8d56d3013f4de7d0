using System.Runtime.CompilerServices;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Listening;
using Gateway.Server.Sessions;

namespace Gateway.Tests.Sessions;

/// <summary>
/// The memory of an idle connection and its session. docs/performance.md adds these bytes up for a million connections.
/// </summary>
public sealed class FootprintTests
{
    [Theory]
    [InlineData(typeof(Connection), 280)]
    [InlineData(typeof(ConnectionWriter), 144)]
    [InlineData(typeof(SocketTransport), 32)]
    [InlineData(typeof(ChannelSession), 88)]
    [InlineData(typeof(ClientSubscriptions), 48)]
    [InlineData(typeof(NativeDialect), 24)]
    [InlineData(typeof(NativeReplies), 24)]
    [InlineData(typeof(ClientSubscription), 80)]
    public void An_idle_connection_holds_no_more_than_its_documented_bytes(Type type, int bytes)
    {
        RuntimeHelpers.GetUninitializedObject(type);
        long before = GC.GetAllocatedBytesForCurrentThread();

        object one = RuntimeHelpers.GetUninitializedObject(type);

        Assert.Equal(bytes, GC.GetAllocatedBytesForCurrentThread() - before);
        GC.KeepAlive(one);
    }
}
