namespace Gateway.Server.Channels;

/// <summary>Registers the channels of this node. Stateless.</summary>
internal static class ChannelsRegistration
{
    public static IServiceCollection AddChannels(this IServiceCollection services) => services
        .AddSingleton<PresenceGatherer>()
        .AddSingleton<ChannelTable>();
}
