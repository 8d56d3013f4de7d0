namespace Gateway.Server.Backplane;

/// <summary>The kinds of names that can be occupied.</summary>
internal enum OccupancyKind
{
    /// <summary>A channel, which its subscribers occupy.</summary>
    Channel,

    /// <summary>A user, whom connections occupy.</summary>
    User,
}
