using System.Collections.Concurrent;
using Gateway.Protocol.Compression;
using Gateway.Server.Channels;
using Gateway.Server.Metrics;
using Gateway.Server.Options;

namespace Gateway.Server.Connections.Sending;

/// <summary>
/// The encodings of connections that compress: one for each plain encoding and size of window, made when the first client agrees on it.
/// Safe for any thread.
/// </summary>
internal sealed class Compression(GatewayOptions options, GatewayMetrics metrics)
{
    /// <summary>
    /// zlib's level 1 is 1.8 times as fast, but uses fixed codes: its JSON is a quarter larger, for every subscriber. Levels above 6 make
    /// next to nothing smaller. docs/performance.md has the figures.
    /// </summary>
    private readonly int _level = options.Compression.Level == CompressionLevel.Fastest ? 2 : 6;

    private readonly ConcurrentDictionary<(FrameEncoding Plain, int WindowBits), DeflateEncoding> _encodings = new();
    private readonly ConcurrentDictionary<int, BoundedPool<Deflater>> _deflaters = new();

    /// <summary>Whether offers are taken up.</summary>
    public bool IsEnabled { get; } = options.Compression.Enabled && ZLib.IsAvailable;

    /// <summary>The encoding of a connection that has agreed on compression.</summary>
    /// <param name="plain">The encoding that it would have otherwise.</param>
    /// <param name="agreement">What was agreed on.</param>
    public FrameEncoding EncodingFor(FrameEncoding plain, DeflateAgreement agreement) =>
        _encodings.GetOrAdd((plain, agreement.WindowBits), Make);

    private DeflateEncoding Make((FrameEncoding Plain, int WindowBits) key)
    {
        var deflaters = _deflaters.GetOrAdd(key.WindowBits, bits => new BoundedPool<Deflater>(() => new Deflater(_level, bits)));
        return new DeflateEncoding(key.Plain, deflaters, options.Compression.Threshold, metrics);
    }
}
