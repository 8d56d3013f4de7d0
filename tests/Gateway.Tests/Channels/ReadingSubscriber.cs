using System.Text;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Tests.Channels;

/// <summary>A subscriber that keeps up and notes the frames for it as text. Safe for any thread.</summary>
internal sealed class ReadingSubscriber(FrameEncoding encoding, ConnectionId id = default) : ISubscriber
{
    private readonly List<string> _read = [];

    public ConnectionId Id { get; } = id;

    public FrameEncoding Encoding { get; } = encoding;

    public IReadOnlyList<string> Read
    {
        get
        {
            lock (_read)
                return [.. _read];
        }
    }

    public bool Deliver(FrameBatch batch, Subscription subscription, ref ScheduledSends? sends)
    {
        Assert.Same(Encoding, batch.Encoding);
        foreach (var entry in batch.Entries)
        {
            if (!entry.IsFor(subscription))
                continue;
            lock (_read)
                _read.Add(System.Text.Encoding.UTF8.GetString(batch.Bytes.Slice(entry.Start, entry.Length)));
        }
        return true;
    }

    public void CatchUp()
    {
    }

    public bool TrySend(Subscription subscription, ReadOnlySpan<byte> message) => true;

    public void OnGap(Subscription subscription)
    {
    }
}
