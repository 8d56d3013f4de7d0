using Gateway.Server.Backplane;
using Gateway.Server.Channels;

namespace Gateway.Server.Hosting;

/// <summary>Connects the backplane with the channels before the ports open. Run by the host.</summary>
internal sealed class BackplaneStart(IBackplane backplane, ChannelTable channels) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => backplane.StartAsync(channels, cancellationToken).AsTask();

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
