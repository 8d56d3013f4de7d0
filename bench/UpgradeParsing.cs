using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using Gateway.Protocol.WebSockets;

namespace Gateway.Bench;

/// <summary>What does it cost to tell an upgrade from other requests, to read it, and to answer it?</summary>
[MemoryDiagnoser]
public class UpgradeParsing
{
    private static readonly byte[][] Paths = ["/ws"u8.ToArray(), "/echo"u8.ToArray()];

    /// <summary>As Chromium sends it.</summary>
    private readonly ReadOnlySequence<byte> _head = new(Encoding.ASCII.GetBytes("""
        GET /ws HTTP/1.1
        Host: gateway.example.com
        Connection: Upgrade
        Pragma: no-cache
        Cache-Control: no-cache
        User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36
        Upgrade: websocket
        Origin: https://app.example.com
        Sec-WebSocket-Version: 13
        Accept-Encoding: gzip, deflate, br, zstd
        Accept-Language: en-GB,en;q=0.9
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
        Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits
        Sec-WebSocket-Protocol: gateway.v1.json


        """.ReplaceLineEndings("\r\n")));

    private readonly ArrayBufferWriter<byte> _answer = new(256);
    private readonly HandshakeRequest _request;

    public UpgradeParsing() => _request = (HandshakeRequest)Parse();

    [Benchmark(Baseline = true)]
    public int Classify() => (int)UpgradeDetector.Classify(_head, Paths, HandshakeRequestParser.DefaultMaxHeadBytes);

    [Benchmark]
    public object Parse()
    {
        HandshakeRequestParser.TryParse(_head, HandshakeRequestParser.DefaultMaxHeadBytes, out var request, out var refusal, out _);
        return request ?? throw new InvalidOperationException(refusal?.Message);
    }

    [Benchmark]
    public int Answer()
    {
        _answer.ResetWrittenCount();
        UpgradeResponse.WriteAccepted(_answer, _request, "gateway.v1.json");
        return _answer.WrittenCount;
    }
}
