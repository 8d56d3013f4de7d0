namespace Gateway.Server.Listening.EventLoop;

/// <summary>Something with a descriptor that a loop waits for. Its members are for that loop's thread.</summary>
internal abstract class LoopHandle(int descriptor)
{
    /// <summary>The number of the open file. It is used again once it is closed, for another one.</summary>
    public int Descriptor { get; } = descriptor;

    /// <summary>Which of the loop's registrations this is. Events of an earlier one are dropped.</summary>
    public uint Generation { get; set; }

    /// <summary>What the loop is busy with while it runs this handle, for the log.</summary>
    public abstract string Activity { get; }

    public abstract void OnReady(ReadyEvents events);

    /// <summary><see cref="OnReady"/> has thrown, which is logged.</summary>
    public abstract void OnFailed();

    /// <summary>The loop is about to end: it goes on until all handles are gone.</summary>
    public abstract void OnStopping();
}
