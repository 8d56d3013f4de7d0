using System.Threading.Channels;

namespace Gateway.Client;

/// <summary>
/// An event that wakes one waiter. A signal that is set while nobody waits is remembered once. Any thread may set it; one at a time waits.
/// </summary>
internal sealed class Signal
{
    private readonly Channel<bool> _channel =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Set() => _channel.Writer.TryWrite(true);

    public async ValueTask WaitAsync(CancellationToken cancellation) =>
        await _channel.Reader.ReadAsync(cancellation).ConfigureAwait(false);
}
