using System.Buffers.Binary;

namespace Gateway.Server.Backplane.Redis.Publishing;

/// <summary>
/// Messages of one channel that go to Redis with one call, as records: a length (4 bytes) and a body (<see cref="MessageBody"/>) each.
/// Filled under its publisher's lock, then read by one thread.
/// </summary>
internal sealed class PublishBatch(ChannelPublishes channel, RedisConnection connection, TimeProvider time)
{
    /// <summary>The most bytes of one call, unless a single message is larger.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>The most messages of one call, so that the script, at 3 µs a message, does not hold up Redis.</summary>
    private const int MaxMessages = 192;

    private readonly long _started = time.GetTimestamp();
    private readonly List<(int Index, byte[] Key)> _keys = [];
    // One for each message: continuations run in the order in which the results are completed.
    private readonly List<TaskCompletionSource<PublishResult>> _results = [];
    private byte[] _records = [];
    private int _length;

    public ChannelPublishes Channel => channel;

    public int Count => _results.Count;

    public int Bytes => _length;

    /// <summary>The connection that the batch goes to: that of its newest message.</summary>
    public RedisConnection Connection { get; private set; } = connection;

    /// <summary>The idempotency keys with their owners, by the ascending index of their messages, from 0.</summary>
    public IReadOnlyList<(int Index, byte[] Key)> Keys => _keys;

    public TimeSpan Age => time.GetElapsedTime(_started);

    public bool HasRoomFor(int bytes) => Count < MaxMessages && (Count == 0 || _length + bytes <= MaxBytes);

    public static int SizeOf(in PublishRequest request) => sizeof(int) + MessageBody.SizeOf(request);

    /// <returns>The message's result.</returns>
    public ValueTask<PublishResult> Add(RedisConnection connection, in PublishRequest request, int size)
    {
        if (_length + size > _records.Length)
            Array.Resize(ref _records, Count == 0 ? size : Math.Max(2 * _records.Length, _length + size));
        var record = _records.AsSpan(_length, size);
        BinaryPrimitives.WriteInt32BigEndian(record, size - sizeof(int));
        MessageBody.Write(record[sizeof(int)..], request, time.GetUtcNow().ToUnixTimeMilliseconds());
        _length += size;
        if (!request.Key.IsEmpty)
            _keys.Add((Count, request.Key.ToArray()));
        Connection = connection;
        var result = new TaskCompletionSource<PublishResult>();
        _results.Add(result);
        return new ValueTask<PublishResult>(result.Task);
    }

    /// <summary>The records, behind a number of free bytes.</summary>
    public byte[] Records(int before)
    {
        if (before == 0 && _length == _records.Length)
            return _records;
        byte[] bytes = new byte[before + _length];
        _records.AsSpan(0, _length).CopyTo(bytes.AsSpan(before));
        return bytes;
    }

    /// <summary>Completes the results. Their continuations run in order, and before this returns.</summary>
    public void Complete(BatchResult result)
    {
        for (int i = 0; i < _results.Count; i++)
            _results[i].SetResult(result.Of(i));
    }
}
