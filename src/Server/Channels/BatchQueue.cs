namespace Gateway.Server.Channels;

/// <summary>
/// The batches of a channel that wait for its fan-out, and how much they hold. A field of its channel, guarded by the channel's lock except
/// where noted.
/// </summary>
internal struct BatchQueue()
{
    /// <summary>Bytes on their way to subscribers above which publishers are made to wait.</summary>
    private const int BacklogBytes = 1 << 20;

    /// <summary>
    /// Bytes on their way to subscribers above which the channel takes nothing more: publishers on other nodes do not wait for this node.
    /// </summary>
    private const int OverloadBytes = 16 << 20;

    private readonly Queue<MessageBatch> _batches = new(1);
    private MessageBatch? _open;
    private TaskCompletionSource? _capacity;
    private long _nextNumber = 1;
    private int _bytes;

    /// <summary>Whether publishers are to wait. May be asked without the lock.</summary>
    public readonly bool IsBacklogged => Volatile.Read(in _bytes) > BacklogBytes;

    public readonly bool IsOverloaded => _bytes > OverloadBytes;

    /// <summary>The batch for a message that all subscribers get in one encoding.</summary>
    /// <param name="encoding">The encoding; null where there are several.</param>
    /// <param name="bytes">About as many bytes as the message takes.</param>
    public MessageBatch BatchFor(FrameEncoding? encoding, int bytes) =>
        _open is { } open && open.HasRoomFor(bytes) ? open : Open(encoding);

    /// <summary>The batch for a message that is encoded by the fan-out alone, even where there is one encoding.</summary>
    public MessageBatch LoggedBatchFor(int bytes) =>
        _open is { IsLogged: true } open && open.HasRoomFor(bytes) ? open : Open(encoding: null);

    /// <summary>Counts bytes that were appended to a batch.</summary>
    public void Add(int bytes) => _bytes += bytes;

    /// <summary>
    /// Closes the open batch: what is appended from here on is in batches with the returned number or a later one.
    /// </summary>
    public long CloseOpen()
    {
        _open = null;
        return _nextNumber;
    }

    /// <summary>Takes the oldest batch, with the reference on it.</summary>
    public bool TryTake(out MessageBatch batch)
    {
        if (!_batches.TryDequeue(out batch!))
            return false;
        if (ReferenceEquals(batch, _open))
            _open = null;
        _bytes -= batch.Bytes;
        if (_capacity is not null && !IsBacklogged)
        {
            _capacity.SetResult();
            _capacity = null;
        }
        return true;
    }

    /// <summary>Completes when publishers need not wait any more.</summary>
    public Task WaitForCapacityAsync()
    {
        if (!IsBacklogged)
            return Task.CompletedTask;
        _capacity ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _capacity.Task;
    }

    private MessageBatch Open(FrameEncoding? encoding)
    {
        _open = MessageBatch.Rent(_nextNumber++, encoding);
        _batches.Enqueue(_open);
        return _open;
    }
}
