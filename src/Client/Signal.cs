using System.Threading.Channels;

namespace Gateway.Client;

/// <summary>Safe for any thread to set; one waits. Setting it while nobody waits is remembered, once.</summary>
internal sealed class Signal
{
    private readonly Channel<bool> _channel = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Set() => _channel.Writer.TryWrite(true);

    public async ValueTask WaitAsync(CancellationToken cancellation) => await _channel.Reader.ReadAsync(cancellation);
}
