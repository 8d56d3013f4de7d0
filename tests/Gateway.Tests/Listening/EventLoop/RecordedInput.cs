using System.Text;
using Gateway.Server.Listening.EventLoop;
using Gateway.TestSupport;

namespace Gateway.Tests.Listening.EventLoop;

/// <summary>Keeps what a connection receives. Its members are safe for any thread.</summary>
internal sealed class RecordedInput : ILoopReceiver
{
    private readonly List<byte> _received = [];
    private readonly TaskCompletionSource<bool> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _calls;

    /// <summary>What happens with every input after it was noted; null for nothing.</summary>
    public Func<LoopConnection, Memory<byte>, ValueTask>? Handling { get; set; }

    /// <summary>Times that something was received.</summary>
    public int Calls => Volatile.Read(ref _calls);

    public byte[] Bytes
    {
        get
        {
            lock (_received)
                return [.. _received];
        }
    }

    public string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>Whether the connection was lost, once the input has ended.</summary>
    public Task<bool> Ended => _ended.Task.WaitAsync(Eventually.Limit);

    public bool HasEnded => _ended.Task.IsCompleted;

    public Task TextAsync(string text) => Eventually.TrueAsync(() => Text == text, $"'{text}' is received");

    ValueTask ILoopReceiver.OnReceivedAsync(LoopConnection connection, Memory<byte> bytes)
    {
        Assert.False(HasEnded);
        lock (_received)
            _received.AddRange(bytes.Span);
        Interlocked.Increment(ref _calls);
        return Handling?.Invoke(connection, bytes) ?? default;
    }

    void ILoopReceiver.OnEnded(LoopConnection connection, bool isLost) => _ended.SetResult(isLost);
}
