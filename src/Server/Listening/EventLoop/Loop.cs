using System.Collections.Concurrent;
using Gateway.Server.Channels;

namespace Gateway.Server.Listening.EventLoop;

/// <summary>
/// A thread that waits for the descriptors it was given and runs what they are ready for, one after the other. <see cref="Post"/> and the
/// counters are for any thread, everything else is for the loop's own.
/// </summary>
internal sealed partial class Loop : WorkQueue, IDisposable
{
    /// <summary>Posted work done in one turn. With more, events would wait behind it.</summary>
    private const int PostsPerTurn = 1024;

    private const string FanningOut = "a fan-out, or its sends";

    private readonly Epoll _epoll = new();
    private readonly ConcurrentQueue<ILoopWork> _posted = new();
    private readonly Queue<ILoopWork> _again = new();
    private readonly Queue<IThreadPoolWorkItem> _fanOuts = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ILogger _log;
    private readonly Thread _thread;

    /// <summary>By descriptor.</summary>
    private LoopHandle?[] _handles = new LoopHandle?[256];

    private uint _generation;
    private int _count;
    private int _connections;
    private int _running;
    private bool _isSleeping;
    private bool _hasFailed;
    private bool _isStopping;
    private bool _isAbandoned;
    private object? _current;
    private long _turns;
    private long _events;
    private long _posts;
    private long _longestTurn;

    public Loop(int number, ILogger log)
    {
        _log = log;
        Number = number;
        _thread = new Thread(Run) { IsBackground = true, Name = $"Gateway loop {number}" };
    }

    public int Number { get; }

    /// <summary>Where connections of this loop receive.</summary>
    public ReceiveBuffer Buffer { get; } = new();

    /// <summary>Connections that are on this loop, or about to be.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Connections whose end is not over, though their sockets may be closed.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Whether it has ended although nobody wanted it to.</summary>
    public bool HasFailed => Volatile.Read(ref _hasFailed);

    /// <summary>Times it has looked for events.</summary>
    public long Turns => Volatile.Read(ref _turns);

    /// <summary>Events it has run.</summary>
    public long Events => Volatile.Read(ref _events);

    /// <summary>Posted work it has done.</summary>
    public long Posts => Volatile.Read(ref _posts);

    /// <summary>Whether it waits for something to do.</summary>
    public bool IsSleeping => Volatile.Read(ref _isSleeping);

    /// <summary>What it does just now, for the log; null for nothing.</summary>
    public string? Activity => Volatile.Read(ref _current) switch
    {
        LoopHandle handle => handle.Activity,
        ILoopWork work => work.Activity,
        IThreadPoolWorkItem => FanningOut,
        _ => null,
    };

    /// <summary>Completes when the thread has ended, which closes everything it waited for.</summary>
    public Task Ended => _ended.Task;

    public void Start() => _thread.Start();

    /// <summary>Milliseconds of the longest turn since the last call, as exact as the system's coarse clock.</summary>
    public long TakeLongestTurn() => Interlocked.Exchange(ref _longestTurn, 0);

    /// <summary>Has the loop do something, in turn with what else it does. After it has ended, nothing happens.</summary>
    public void Post(ILoopWork work)
    {
        _posted.Enqueue(work);
        // Whoever posts enqueues before looking at the flag; the loop sets the flag before it looks at the queue. So one of them sees the
        // other, and only a loop that sleeps is woken.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _isSleeping) && Interlocked.Exchange(ref _isSleeping, false))
            _epoll.Wake();
    }

    /// <summary>
    /// Counts a connection that is to be on this loop, before the loop knows of it: a burst is dealt out by this. From any thread.
    /// </summary>
    public void Join() => Interlocked.Increment(ref _connections);

    /// <summary>Undoes <see cref="Join"/>.</summary>
    public void Leave() => Interlocked.Decrement(ref _connections);

    /// <summary>A connection's use of its socket begins. From any thread.</summary>
    public void BeginRun() => Interlocked.Increment(ref _running);

    /// <summary>Nothing of the connection is left. From any thread.</summary>
    public void EndRun() => Interlocked.Decrement(ref _running);

    /// <summary>Does something in the next turn: for a handle that has had its share of this one.</summary>
    public void Again(ILoopWork work) => _again.Enqueue(work);

    /// <summary>Waits for a descriptor from now on.</summary>
    /// <returns>False when the system does not take it, or the loop is about to end.</returns>
    public bool TryAdd(LoopHandle handle, ReadyEvents events)
    {
        if (_isStopping)
            return false;
        if (handle.Descriptor >= _handles.Length)
            Array.Resize(ref _handles, Math.Max(_handles.Length * 2, handle.Descriptor + 1));
        handle.Generation = ++_generation;
        _handles[handle.Descriptor] = handle;
        _count++;
        if (_epoll.TryAdd(handle.Descriptor, handle.Generation, events))
            return true;
        Forget(handle);
        return false;
    }

    /// <summary>Waits for the descriptor no more. It stays open.</summary>
    public void Remove(LoopHandle handle)
    {
        if (Forget(handle))
            _epoll.Remove(handle.Descriptor);
    }

    /// <summary>Waits for the descriptor no more; the caller closes it, and with that the system forgets it too.</summary>
    /// <returns>False when it was not waited for.</returns>
    public bool Forget(LoopHandle handle)
    {
        if (handle.Descriptor >= _handles.Length || _handles[handle.Descriptor] != handle)
            return false;
        _handles[handle.Descriptor] = null;
        _count--;
        return true;
    }

    /// <summary>Runs one event, unless it is one of an earlier registration of the same number.</summary>
    public void Dispatch(int descriptor, uint generation, ReadyEvents events)
    {
        if ((uint)descriptor >= (uint)_handles.Length || _handles[descriptor] is not { } handle || handle.Generation != generation)
            return;
        Volatile.Write(ref _current, handle);
        try
        {
            handle.OnReady(events);
        }
        catch (Exception failure)
        {
            Failed(failure, handle.Activity);
            handle.OnFailed();
        }
    }

    /// <summary>Does a fan-out, or a slice of its sends, in the next turn.</summary>
    protected override void Enqueue(IThreadPoolWorkItem work) => _fanOuts.Enqueue(work);

    private void Run()
    {
        BecomeOfThread();
        try
        {
            while (!_isStopping || _count > 0 || _fanOuts.Count > 0 || !_posted.IsEmpty || IsNeeded)
                Turn();
        }
        catch (Exception failure)
        {
            // Epoll itself has failed, which leaves nothing to wait with.
            Volatile.Write(ref _hasFailed, true);
            LoopLog.Ended(_log, failure, Number);
            DropAll();
            while (_posted.TryDequeue(out var work))
                Run(work);
        }
        finally
        {
            _isSleeping = false;
            foreach (var work in _fanOuts)
                ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
            _epoll.Dispose();
            _ended.SetResult();
        }
    }

    private void Turn()
    {
        int events = Wait();
        long start = Environment.TickCount64;
        for (int i = 0; i < events; i++)
        {
            if (_epoll.Event(i) is var (ready, descriptor, generation))
                Dispatch(descriptor, generation, ready);
        }
        for (int left = PostsPerTurn; left > 0 && _posted.TryDequeue(out var work); left--)
        {
            Volatile.Write(ref _posts, _posts + 1);
            Run(work);
        }
        for (int left = _again.Count; left > 0; left--)
            Run(_again.Dequeue());
        // Last, so that what was received in this turn is in their batches.
        for (int left = _fanOuts.Count; left > 0; left--)
            Run(_fanOuts.Dequeue());
        Volatile.Write(ref _current, null);
        Volatile.Write(ref _events, _events + events);
        Volatile.Write(ref _turns, _turns + 1);
        long time = Environment.TickCount64 - start;
        if (time > Volatile.Read(ref _longestTurn))
            Volatile.Write(ref _longestTurn, time);
    }

    private int Wait()
    {
        if (_again.Count > 0 || _fanOuts.Count > 0 || !_posted.IsEmpty)
            return _epoll.Wait(blocks: false);
        // The other side of Post.
        Interlocked.Exchange(ref _isSleeping, true);
        int events = _epoll.Wait(blocks: _posted.IsEmpty);
        Volatile.Write(ref _isSleeping, false);
        return events;
    }

    private void Run(ILoopWork work)
    {
        Volatile.Write(ref _current, work);
        try
        {
            work.Execute();
        }
        catch (Exception failure)
        {
            Failed(failure, work.Activity);
            work.OnFailed();
        }
    }

    private void Run(IThreadPoolWorkItem work)
    {
        Volatile.Write(ref _current, work);
        try
        {
            work.Execute();
        }
        catch (Exception failure)
        {
            Failed(failure, FanningOut);
        }
    }

    /// <summary>Logs a failure at something that is not to end the loop.</summary>
    public void Failed(Exception failure, string activity) => LoopLog.Failed(_log, failure, Number, activity);
}
