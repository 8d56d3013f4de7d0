using System.Buffers;
using Gateway.Server.Connections;
using Gateway.Server.Listening.EventLoop;
using Gateway.TestSupport;

namespace Gateway.Tests.Listening.EventLoop;

/// <summary>The thread of an event loop, and what is posted to it.</summary>
public sealed class LoopTests : IAsyncDisposable
{
    private readonly LoopFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Work_from_many_threads_is_done_once_each_and_in_the_order_of_its_thread()
    {
        const int Threads = 8;
        const int Each = 5_000;
        int[] done = new int[Threads];
        var all = new CountdownEvent(Threads * Each);
        bool inOrder = true;
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                int number = i;
                _fixture.Loop.Post(new PostedAction(() =>
                {
                    inOrder &= done[thread]++ == number;
                    all.Signal();
                }));
            }
        })));

        Assert.True(all.Wait(Eventually.Limit));
        Assert.All(done, count => Assert.Equal(Each, count));
        Assert.True(inOrder);
    }

    [Fact]
    public async Task A_sleeping_loop_is_woken_by_every_post()
    {
        // The second of two is posted about when the loop goes to sleep after the first: a wake-up that is lost is never made up for.
        int done = 0;
        await Task.Factory.StartNew(
            () =>
            {
                for (int i = 1; i <= 50_000; i++)
                {
                    _fixture.Loop.Post(new PostedAction(static () => { }));
                    Thread.SpinWait(i % 500);
                    _fixture.Loop.Post(new PostedAction(() => Volatile.Write(ref done, i)));
                    Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref done) == i, Eventually.Limit));
                }
            },
            TaskCreationOptions.LongRunning);
        await Eventually.TrueAsync(() => _fixture.Loop.IsSleeping, "the loop sleeps");
        await _fixture.RunAsync(static () => { });
    }

    [Fact]
    public async Task Work_that_fails_is_logged_and_the_loop_goes_on()
    {
        _fixture.Loop.Post(new FailingWork());

        await _fixture.RunAsync(static () => { });
        Assert.Contains("a failing test", Assert.Single(_fixture.Log.Of(140)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_of_an_earlier_user_of_a_descriptor_are_dropped()
    {
        var loop = _fixture.Loop;
        int descriptor = Libc.EventFd(0, Libc.CloseOnExec);
        var earlier = new CountingHandle(descriptor);
        var later = new CountingHandle(descriptor);
        await _fixture.RunAsync(() =>
        {
            Assert.True(loop.TryAdd(earlier, ReadyEvents.Readable));
            loop.Remove(earlier);
            Assert.True(loop.TryAdd(later, ReadyEvents.Readable));

            loop.Dispatch(descriptor, earlier.Generation, ReadyEvents.Readable);
            Assert.Equal((0, 0), (earlier.Events, later.Events));
            loop.Dispatch(descriptor, later.Generation, ReadyEvents.Readable);
            Assert.Equal((0, 1), (earlier.Events, later.Events));

            loop.Remove(later);
            loop.Dispatch(descriptor, later.Generation, ReadyEvents.Readable);
            Assert.Equal((0, 1), (earlier.Events, later.Events));
        });
        Assert.Equal(0, Libc.Close(descriptor));
    }

    [Fact]
    public async Task A_loop_that_ends_drops_its_connections_first()
    {
        var (connection, client, input) = _fixture.Connect();
        client.Send("x"u8);
        await input.TextAsync("x");

        _fixture.Loop.Dispose();
        await _fixture.Loop.Ended.WaitAsync(Eventually.Limit);

        Assert.True(await input.EndedAsync());
        Assert.Equal(1, _fixture.Closed);
        Assert.Equal(-1, connection.TrySend("y"u8));
    }

    [Fact]
    public async Task A_loop_that_ends_stays_for_the_ends_of_connections_whose_handling_waits()
    {
        var gate = new TaskCompletionSource();
        var waiting = new WaitingConnection(gate.Task);
        var (connection, client) = _fixture.Accept();
        connection.StopPeeking(Memory<byte>.Empty);
        await connection.RunAsync(waiting, new ValueTask<bool>(true));
        client.Send("x"u8);
        await waiting.Received.WaitAsync(Eventually.Limit);

        _fixture.Loop.Dispose();
        await Eventually.TrueAsync(() => _fixture.Closed == 1, "its socket is closed");
        Assert.False(_fixture.Loop.Ended.IsCompleted);

        gate.SetResult();
        await waiting.Ended.WaitAsync(Eventually.Limit);
        await _fixture.Loop.Ended.WaitAsync(Eventually.Limit);
    }

    [Fact]
    public async Task A_loop_that_ends_does_not_wait_any_longer_for_connections_that_are_given_up()
    {
        var waiting = new WaitingConnection(new TaskCompletionSource().Task);
        var (connection, client) = _fixture.Accept();
        connection.StopPeeking(Memory<byte>.Empty);
        await connection.RunAsync(waiting, new ValueTask<bool>(true));
        client.Send("x"u8);
        await waiting.Received.WaitAsync(Eventually.Limit);
        _fixture.Loop.Dispose();

        _fixture.Loop.Abandon();

        await _fixture.Loop.Ended.WaitAsync(Eventually.Limit);
    }

    [Fact]
    public async Task A_loop_that_fails_drops_its_connections()
    {
        var (connection, client, input) = _fixture.Connect();
        client.Send("x"u8);
        await input.TextAsync("x");

        _fixture.Loop.Post(new FailingWork { FailsTwice = true });
        await _fixture.Loop.Ended.WaitAsync(Eventually.Limit);

        Assert.True(_fixture.Loop.HasFailed);
        Assert.Single(_fixture.Log.Of(141));
        Assert.True(await input.EndedAsync());
        Assert.Equal(1, _fixture.Closed);
        Assert.Equal(-1, connection.TrySend("y"u8));
    }

    private sealed class CountingHandle(int descriptor) : LoopHandle(descriptor)
    {
        public int Events { get; private set; }

        public override string Activity => "a test's handle";

        public override void OnReady(ReadyEvents events) => Events++;

        public override void OnFailed()
        {
        }

        public override void OnStopping()
        {
        }
    }

    private sealed class FailingWork : ILoopWork
    {
        public string Activity => "a failing test";

        /// <summary>Whether the loop cannot even put up with the failure.</summary>
        public bool FailsTwice { get; init; }

        public void Execute() => throw new InvalidOperationException();

        public void OnFailed()
        {
            if (FailsTwice)
                throw new InvalidOperationException();
        }
    }

    /// <summary>A connection whose first message takes until a task completes.</summary>
    private sealed class WaitingConnection(Task gate) : IConnectionReceiver
    {
        private readonly TaskCompletionSource _received = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Received => _received.Task;

        public Task Ended => _ended.Task;

        ValueTask IInputReceiver.OnInputAsync(ReadOnlySequence<byte> input)
        {
            _received.TrySetResult();
            return new ValueTask(gate);
        }

        ValueTask<bool> IInputReceiver.OnConsumedAsync(bool isCompleted) => new(!isCompleted);

        void IConnectionReceiver.OnFailure(Exception failure)
        {
        }

        Task IConnectionReceiver.OnEndAsync()
        {
            _ended.SetResult();
            return Task.CompletedTask;
        }
    }
}
