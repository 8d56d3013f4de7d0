using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using BenchmarkDotNet.Attributes;
using Gateway.Server.Backplane.Redis;

namespace Gateway.Bench;

/// <summary>
/// What tells a node at which cost that a message from Redis may go to clients: reading its JSON once more, or a checksum?
/// </summary>
[MemoryDiagnoser]
[Throughput]
public class RecordChecking
{
    private byte[] _content = [];

    [Params(128, 4 * 1024)]
    public int Bytes { get; set; } = 128;

    [GlobalSetup]
    public void Setup()
    {
        string fields = string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"field{i}\":\"a word\",\"x{i}\":{i}"));
        string text = fields[..(Bytes / 2)].Replace("\"", "", StringComparison.Ordinal);
        _content = Encoding.UTF8.GetBytes($"{{\"text\":\"{text}\",{fields[..fields.IndexOf(',', Bytes / 2)]}}}");
    }

    /// <summary>Both are needed: the reader does not look at the bytes of strings.</summary>
    [Benchmark(Baseline = true)]
    public bool Json()
    {
        if (!Utf8.IsValid(_content))
            return false;
        var reader = new Utf8JsonReader(_content);
        while (reader.Read())
        {
        }
        return true;
    }

    [Benchmark]
    public uint Checksum() => RecordChecksum.Of(_content);

    /// <summary>What told messages apart before there was a checksum.</summary>
    [Benchmark]
    public int HashCodeOfBytes()
    {
        var hash = default(HashCode);
        hash.AddBytes(_content);
        return hash.ToHashCode();
    }
}
