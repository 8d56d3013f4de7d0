using BenchmarkDotNet.Attributes;
using Gateway.Protocol.WebSockets;

namespace Gateway.Bench;

/// <summary>How near does unmasking come to a mere copy of the bytes, and what would the RFC's loop cost?</summary>
[MemoryDiagnoser]
[Throughput]
public class Unmasking
{
    private const uint Key = 0x3df8_12a7;

    private byte[] _data = [];
    private byte[] _copy = [];

    [Params(128, 64 * 1024)]
    public int Bytes { get; set; } = 128;

    [GlobalSetup]
    public void Setup()
    {
        _data = new byte[Bytes];
        _copy = new byte[Bytes];
    }

    [Benchmark]
    public uint Apply() => Masking.Apply(_data, Key);

    [Benchmark(Baseline = true)]
    public void Copy() => _data.AsSpan().CopyTo(_copy);

    [Benchmark]
    public void ByteLoop()
    {
        ReadOnlySpan<byte> key = [0xa7, 0x12, 0xf8, 0x3d];
        byte[] data = _data;
        for (int i = 0; i < data.Length; i++)
            data[i] ^= key[i & 3];
    }
}
