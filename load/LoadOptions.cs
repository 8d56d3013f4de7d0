namespace Gateway.Load;

/// <summary>The options of the command line. A scenario uses those that it needs. Immutable.</summary>
internal sealed record LoadOptions
{
    /// <summary>The server's WebSocket.</summary>
    public required Uri Url { get; init; }

    /// <summary>Another node: <c>cluster</c> uses both, <c>fanout</c> publishes there.</summary>
    public Uri? SecondUrl { get; init; }

    public Dialects.IDialect Dialect { get; init; } = Dialects.JsonDialect.Gateway;

    /// <summary>The namespace of the channels.</summary>
    public string Namespace { get; init; } = "load";

    /// <summary>Clients that listen, echo, talk or idle.</summary>
    public int Connections { get; init; } = 100;

    /// <summary>Channels, or rooms, that they are shared out over.</summary>
    public int Channels { get; init; } = 1;

    /// <summary>Bytes of each message's content.</summary>
    public int Bytes { get; init; } = 128;

    /// <summary>Steps under way at a time, where no rate is given.</summary>
    public int InFlight { get; init; } = 1;

    /// <summary>Steps a second; 0: the next one when one is done.</summary>
    public double Rate { get; init; }

    /// <summary>Subscribers that do not read.</summary>
    public int Stalled { get; init; } = 1;

    /// <summary>Clients of a crowd that have a channel of their own too.</summary>
    public int Singles { get; init; } = 1000;

    /// <summary>Memory of the machine that a crowd leaves alone: it stops growing, rather than that the kernel ends a process.</summary>
    public long MemoryReserve { get; init; } = 1_500L << 20;

    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The time to measure.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The time that anything may take. Beyond it, it counts as lost.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Event loops.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>The folder for the reports.</summary>
    public DirectoryInfo? Report { get; init; }

    /// <summary>The server's process, where it is on this machine.</summary>
    public int? Process { get; init; }

    /// <summary>The node's metrics.</summary>
    public Uri? Metrics { get; init; }

    /// <summary>The share of the clients that offer to compress, in percent.</summary>
    public int Compress { get; init; }

    /// <summary>Whether any certificate will do.</summary>
    public bool IsInsecure { get; init; }

    /// <summary>Whether only the result is printed.</summary>
    public bool IsQuiet { get; init; }

    public Tokens Tokens { get; init; } = new(null, null);
}
