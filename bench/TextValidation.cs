using System.Text;
using System.Text.Unicode;
using BenchmarkDotNet.Attributes;
using Gateway.Protocol.WebSockets;

namespace Gateway.Bench;

/// <summary>How near does validating text that comes in pieces come to <see cref="Utf8.IsValid"/> on the whole?</summary>
[MemoryDiagnoser]
[Throughput]
public class TextValidation
{
    /// <summary>What a socket's read brings at a time, and no multiple of a character's length: every piece ends inside one.</summary>
    private const int PieceBytes = 4096 - 3;

    private byte[] _text = [];

    [Params(128, 64 * 1024)]
    public int Bytes { get; set; } = 128;

    [Params("a", "a\u00e9\u20ac\U0001f600")]
    public string Letters { get; set; } = "a";

    [GlobalSetup]
    public void Setup()
    {
        var text = new StringBuilder();
        while (Encoding.UTF8.GetByteCount(text.ToString()) < Bytes)
            text.Append(Letters);
        _text = Encoding.UTF8.GetBytes(text.ToString());
    }

    [Benchmark(Baseline = true)]
    public bool Whole() => Utf8.IsValid(_text);

    [Benchmark]
    public bool InPieces()
    {
        var validator = default(Utf8Validator);
        bool valid = true;
        for (var rest = _text.AsSpan(); !rest.IsEmpty; rest = rest[Math.Min(PieceBytes, rest.Length)..])
            valid &= validator.TryAppend(rest[..Math.Min(PieceBytes, rest.Length)]);
        return valid && validator.IsComplete;
    }
}
