using Gateway.Server.Listening.EventLoop;

namespace Gateway.Tests.Listening.EventLoop;

internal sealed class PostedAction(Action action) : ILoopWork
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Done => _done.Task;

    public string Activity => "a test's action";

    public void Execute()
    {
        try
        {
            action();
            _done.SetResult();
        }
        catch (Exception failure)
        {
            _done.SetException(failure);
        }
    }

    public void OnFailed()
    {
    }
}
