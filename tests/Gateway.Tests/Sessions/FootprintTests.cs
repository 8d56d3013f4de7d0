using System.Runtime.CompilerServices;
using Gateway.Server.Admission;
using Gateway.Server.Auth;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Listening;
using Gateway.Server.Listening.EventLoop;
using Gateway.Server.Sessions;

namespace Gateway.Tests.Sessions;

/// <summary>
/// The memory of an idle connection and its session. docs/performance.md adds these bytes up for a million connections.
/// </summary>
public sealed class FootprintTests
{
    [Theory]
    [InlineData(typeof(LoopConnection), 80)]
    [InlineData(typeof(Connection), 160)]
    [InlineData(typeof(ConnectionWriter), 136)]
    [InlineData(typeof(CountedLease), 64)]
    [InlineData(typeof(SocketTransport), 32)]
    [InlineData(typeof(ChannelSession), 88)]
    [InlineData(typeof(ClientSubscriptions), 48)]
    [InlineData(typeof(NativeDialect), 32)]
    [InlineData(typeof(Identity), 72)]
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
