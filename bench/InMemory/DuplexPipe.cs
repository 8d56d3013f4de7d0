using System.IO.Pipelines;

namespace Gateway.Bench.InMemory;

/// <summary>One end of a connection without a socket.</summary>
internal sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
