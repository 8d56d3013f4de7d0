namespace Gateway.Server.Listening.EventLoop;

/// <summary>Something to be done by a loop's thread.</summary>
internal interface ILoopWork
{
    /// <summary>What it is, for the log.</summary>
    string Activity { get; }

    void Execute();

    /// <summary><see cref="Execute"/> has thrown, which is logged.</summary>
    void OnFailed();
}
