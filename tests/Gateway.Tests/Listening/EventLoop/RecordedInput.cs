using System.Buffers;
using System.Text;
using Gateway.Server.Connections;
using Gateway.Server.Listening.EventLoop;
using Gateway.TestSupport;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Tests.Listening.EventLoop;

/// <summary>Keeps what a connection receives. Its members are safe for any thread.</summary>
internal sealed class RecordedInput : IInputReceiver
{
    private readonly List<byte> _received = [];
    private Task _receiving = Task.CompletedTask;
    private int _calls;
    private int _wakes;

    /// <summary>What happens with every input after it was noted; null for nothing.</summary>
    public Func<ReadOnlySequence<byte>, ValueTask>? Handling { get; set; }

    /// <summary>Whether another input is wanted, after one was handled; null for always.</summary>
    public Func<ValueTask<bool>>? WantsMore { get; set; }

    /// <summary>Times that something was received.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Times that it was called without anything.</summary>
    public int Wakes => Volatile.Read(ref _wakes);

    public byte[] Bytes
    {
        get
        {
            lock (_received)
                return [.. _received];
        }
    }

    public string Text => Encoding.UTF8.GetString(Bytes);

    public bool HasEnded => _receiving.IsCompleted;

    public void Begin(LoopConnection connection) => _receiving = connection.ReceiveAsync(this);

    /// <summary>Completes when the input has ended, with whether the connection was lost.</summary>
    public async Task<bool> EndedAsync()
    {
        try
        {
            await _receiving.WaitAsync(Eventually.Limit);
            return false;
        }
        catch (ConnectionResetException)
        {
            return true;
        }
    }

    public Task TextAsync(string text) => Eventually.TrueAsync(() => Text == text, $"'{text}' is received");

    ValueTask IInputReceiver.OnInputAsync(ReadOnlySequence<byte> input)
    {
        lock (_received)
            _received.AddRange(input.ToArray());
        if (input.IsEmpty)
        {
            Interlocked.Increment(ref _wakes);
            return default;
        }
        Interlocked.Increment(ref _calls);
        return Handling?.Invoke(input) ?? default;
    }

    ValueTask<bool> IInputReceiver.OnConsumedAsync(bool isCompleted) =>
        isCompleted ? new ValueTask<bool>(false) : WantsMore?.Invoke() ?? new ValueTask<bool>(true);
}
