using System.Diagnostics.Metrics;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Dialects.Echo;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;
using Gateway.Server.Options;
using Gateway.TestSupport;
using Gateway.Tests.Channels;
using Gateway.Tests.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.Tests.Listening.EventLoop;

/// <summary>Who does the fan-out and the sends of a message that an event loop has received.</summary>
public sealed class LoopFanOutTests : IAsyncDisposable
{
    private readonly LoopFixture _fixture = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly GatewayMetrics _metrics;
    private readonly Channel _channel;

    public LoopFanOutTests()
    {
        _metrics = new GatewayMetrics(_services.GetRequiredService<IMeterFactory>());
        _channel = new Channel(Names.Of(new Namespaces(new GatewayOptions()), "plain"), _metrics, NullLogger.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _fixture.DisposeAsync();
        _metrics.Dispose();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task A_loop_fans_out_what_it_received()
    {
        var subscriber = new ThreadNoting();
        Subscribe(subscriber);
        Thread? loop = null;

        await _fixture.RunAsync(() =>
        {
            loop = Thread.CurrentThread;
            Publish();
        });

        Assert.Same(loop, await subscriber.Delivered.WaitAsync(Eventually.Limit));
    }

    [Fact]
    public async Task What_comes_from_elsewhere_is_fanned_out_by_the_thread_pool()
    {
        var subscriber = new ThreadNoting();
        Subscribe(subscriber);

        Publish();

        Assert.True((await subscriber.Delivered.WaitAsync(Eventually.Limit)).IsThreadPoolThread);
    }

    [Fact]
    public async Task A_large_channel_keeps_no_loop_from_receiving()
    {
        var subscriber = new ThreadNoting();
        for (int i = 0; i < 1_024; i++)
            Subscribe(new ReadingSubscriber(NativeEncoding.Instance));
        Subscribe(subscriber);

        await _fixture.RunAsync(Publish);

        Assert.True((await subscriber.Delivered.WaitAsync(Eventually.Limit)).IsThreadPoolThread);
    }

    [Fact]
    public async Task A_loop_receives_between_its_sends()
    {
        const int Writers = 1_000;
        int sent = 0, sentBetween = 0;
        var sends = new SendScheduler(_metrics);
        var all = new TaskCompletionSource();
        var output = new CountingOutput(() =>
        {
            if (++sent == 1)
                _fixture.Loop.Post(new PostedAction(() => sentBetween = sent));
            if (sent == Writers)
                all.SetResult();
        });

        await _fixture.RunAsync(() =>
        {
            for (int i = 0; i < Writers; i++)
            {
                var writer = new ConnectionWriter(EchoEncoding.Instance, output, new SilentOwner(), sends, 1 << 20);
                writer.SendBinary("x"u8);
                sends.Add(writer);
            }
        });
        await all.Task.WaitAsync(Eventually.Limit);

        Assert.InRange(sentBetween, 1, 100);
    }

    [Fact]
    public async Task A_fan_out_that_fails_is_logged_and_the_loop_goes_on()
    {
        await _fixture.RunAsync(static () => WorkQueue.Add(new FailingFanOut()));

        await _fixture.RunAsync(static () => { });
        Assert.Contains("a fan-out", Assert.Single(_fixture.Log.Of(140)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_loop_that_ends_has_fanned_out_what_it_received()
    {
        var subscriber = new ThreadNoting();
        Subscribe(subscriber);

        await _fixture.RunAsync(() =>
        {
            Publish();
            _fixture.Loop.Dispose();
        });
        await _fixture.Loop.Ended.WaitAsync(Eventually.Limit);

        await subscriber.Delivered.WaitAsync(Eventually.Limit);
    }

    private void Subscribe(ISubscriber subscriber) =>
        Assert.True(_channel.TryActivate(new Subscription(_channel, subscriber), default, 0, null));

    private void Publish() => Assert.True(_channel.TryAppend(new Publication { Payload = Payload.Json("0"u8) }));

    private sealed class ThreadNoting : ISubscriber
    {
        private readonly TaskCompletionSource<Thread> _delivered = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Thread> Delivered => _delivered.Task;

        public ConnectionId Id => default;

        public FrameEncoding Encoding => NativeEncoding.Instance;

        public bool Deliver(FrameBatch batch, Subscription subscription, ref ScheduledSends? sends)
        {
            _delivered.SetResult(Thread.CurrentThread);
            return true;
        }

        public void CatchUp()
        {
        }

        public void OnGap(Subscription subscription)
        {
        }
    }

    private sealed class CountingOutput(Action sent) : IOutput
    {
        public int TrySend(ReadOnlySpan<byte> bytes)
        {
            sent();
            return bytes.Length;
        }

        public ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes) => throw new NotSupportedException();
    }

    private sealed class FailingFanOut : IThreadPoolWorkItem
    {
        public void Execute() => throw new InvalidOperationException();
    }
}
