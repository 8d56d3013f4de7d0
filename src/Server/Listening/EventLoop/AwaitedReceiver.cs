using System.Buffers;
using Gateway.Server.Connections;

namespace Gateway.Server.Listening.EventLoop;

/// <summary>Hands a connection's last input to a receiver. <see cref="Task"/> completes when the receiver wants no more.</summary>
internal sealed class AwaitedReceiver(IInputReceiver receiver) : IInputReceiver
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Task => _ended.Task;

    public ValueTask OnInputAsync(ReadOnlySequence<byte> input) => receiver.OnInputAsync(input);

    public ValueTask<bool> OnConsumedAsync(bool isCompleted) => receiver.OnConsumedAsync(isCompleted);

    public void Complete(Exception? failure)
    {
        if (failure is null)
            _ended.SetResult();
        else
            _ended.SetException(failure);
    }
}
