using System.IO.Pipelines;

namespace Gateway.Bench.InMemory;

/// <summary>One end of a connection without a socket.</summary>
internal sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe
{
    /// <summary>Whoever writes runs the reader, as a socket's readiness does.</summary>
    public static PipeOptions Inline { get; } = new(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false);
}
