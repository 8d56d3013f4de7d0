namespace Gateway.Chaos.Tests.World;

/// <summary>What a Redis keeps over its own death.</summary>
internal enum StoreMode
{
    /// <summary>Everything it has confirmed.</summary>
    Always,

    /// <summary>All but the last moments.</summary>
    EverySecond,

    /// <summary>What a snapshot of some time before has.</summary>
    Snapshots,
}
