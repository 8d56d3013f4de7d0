using System.Diagnostics;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Dialects.Echo;
using Gateway.Server.Metrics;
using Gateway.TestSupport;
using Gateway.Tests.Sessions;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Connections;

/// <summary>The writer of a connection: the way bytes leave, and the calls that wait for it.</summary>
public sealed class ConnectionWriterTests
{
    [Fact]
    public async Task A_transport_that_takes_everything_at_once_is_given_it_in_a_loop()
    {
        await using var server = await GatewayServer.StartAsync();
        var output = new TakingOutput();
        var metrics = server.Services.GetRequiredService<GatewayMetrics>();
        var writer = new ConnectionWriter(EchoEncoding.Instance, output, new SilentOwner(), new SendScheduler(metrics), 1 << 20);
        const int Frames = 1_000;
        // Each frame is too large to be sent with its neighbour.
        for (int i = 0; i < Frames; i++)
            writer.SendBinary(new byte[40_000]);

        await writer.FlushAsync();

        Assert.Equal(Frames, output.Depths.Count);
        Assert.InRange(output.Depths.Max() - output.Depths.Min(), 0, 8);
    }

    [Fact]
    public async Task A_close_that_is_asked_for_while_a_message_is_handled_does_not_wait_for_its_replies()
    {
        var clock = new ManualTime();
        await using var server = await GatewayServer.StartAsync([], services => services.AddSingleton<TimeProvider>(clock));
        await using var stalled = await Stalled.StartAsync(server);
        var (entered, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        _ = stalled.Connection.PostAsync(async _ =>
        {
            entered.SetResult();
            await goOn.Task;
            // More than every buffer between the two holds, and the client reads none of it.
            for (int i = 0; i < 64; i++)
                stalled.Connection.Writer.Send(new byte[1 << 20]);
            return true;
        });
        await entered.Task;

        stalled.Connection.RequestClose(CloseRequest.Restarting(0));
        goOn.SetResult();

        await Eventually.TrueAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return server.Connections.IsEmpty;
            },
            "the connection ends although nothing is read");
    }

    /// <summary>An output like a pipe: <c>TrySend</c> takes nothing, and <c>SendAsync</c> everything at once.</summary>
    private sealed class TakingOutput : IOutput
    {
        /// <summary>The number of calls nested in each other at each send.</summary>
        public List<int> Depths { get; } = [];

        public int TrySend(ReadOnlySpan<byte> bytes) => 0;

        public ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes)
        {
            Depths.Add(new StackTrace().FrameCount);
            return new ValueTask<bool>(true);
        }
    }
}
