namespace Gateway.Server.Listening.EventLoop;

/// <content>How a loop ends: it drops its connections, and stays until those whose handling waits have been told.</content>
internal sealed partial class Loop
{
    /// <summary>
    /// Has the loop drop its connections, and end when their ends are over, which completes <see cref="Ended"/>. From any thread.
    /// </summary>
    public void Dispose() => Post(new Stopping(this));

    /// <summary>Has a loop that is to end not wait any longer for the ends of its connections. From any thread.</summary>
    public void Abandon()
    {
        Volatile.Write(ref _isAbandoned, true);
        Dispose();
    }

    /// <summary>Whether there are connections whose handling waits: the loop tells them of their end when it is done.</summary>
    private bool IsNeeded => Running > 0 && !Volatile.Read(ref _isAbandoned);

    private void DropAll()
    {
        _isStopping = true;
        foreach (var handle in _handles)
            handle?.OnStopping();
    }

    private sealed class Stopping(Loop loop) : ILoopWork
    {
        public string Activity => "stopping";

        public void Execute() => loop.DropAll();

        public void OnFailed()
        {
        }
    }
}
