using Gateway.Server.Listening.EventLoop;
using Gateway.TestSupport;

namespace Gateway.Tests.Listening.EventLoop;

/// <summary>Work that keeps a loop busy until it is disposed.</summary>
internal sealed class LoopStop : ILoopWork, IDisposable
{
    private readonly ManualResetEventSlim _released = new();

    public ManualResetEventSlim Reached { get; } = new();

    public string Activity => "a test's work";

    public void Execute()
    {
        Reached.Set();
        _released.Wait(Eventually.Limit);
    }

    public void OnFailed()
    {
    }

    public void Dispose() => _released.Set();
}
