using Gateway.TestSupport;

namespace Gateway.Tests.WebSockets;

/// <summary>Assertions about a server that keeps to RFC 6455, as a client sees them.</summary>
internal static class Expect
{
    public const int Continuation = 0;
    public const int Text = 1;
    public const int Binary = 2;
    public const int Close = 8;
    public const int Ping = 9;
    public const int Pong = 10;

    /// <summary>Reads the next frame, which must be whole, unmasked and of this kind.</summary>
    public static async Task<ReceivedRawFrame> FrameAsync(RawWebSocket client, int opcode)
    {
        var frame = await client.ReadFrameAsync();
        Assert.NotNull(frame);
        Assert.Equal((opcode, true, 0, false), (frame.Opcode, frame.Fin, frame.Rsv, frame.Masked));
        return frame;
    }

    public static async Task FrameAsync(RawWebSocket client, int opcode, byte[] payload)
    {
        var frame = await FrameAsync(client, opcode);
        Assert.Equal(payload.Length, frame.Payload.Length);
        Assert.True(payload.AsSpan().SequenceEqual(frame.Payload), "the payload came back changed");
    }

    public static async Task TextAsync(RawWebSocket client, string text) => Assert.Equal(text, (await FrameAsync(client, Text)).Text);

    /// <summary>Asserts that nothing was answered beyond what the test read, and that the connection still works.</summary>
    public static async Task StillOpenAsync(RawWebSocket client)
    {
        await client.SendMessageAsync("still open?");
        await TextAsync(client, "still open?");
    }

    /// <summary>Asserts that the server gives a reason and, when the client closes, hangs up without a reset.</summary>
    public static async Task<string> FailureAsync(RawWebSocket client, int code)
    {
        var close = await FrameAsync(client, Close);
        Assert.Equal(code, close.CloseCode);
        Assert.NotEmpty(close.CloseReason);
        client.FinishSending();
        await EndOfStreamAsync(client);
        return close.CloseReason;
    }

    /// <summary>Asserts that the stream ends in order; a reset would throw.</summary>
    public static async Task EndOfStreamAsync(RawWebSocket client) => Assert.Empty(await client.ReadToEndAsync());

    /// <summary>Bytes with every value, and with a sum that a lost or repeated piece changes.</summary>
    public static byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
            bytes[i] = (byte)(i + (i >> 8) * 31);
        return bytes;
    }

    /// <summary>Valid UTF-8 of a number of bytes, most of it in characters of several bytes.</summary>
    public static byte[] TextBytes(int length)
    {
        byte[] bytes = new byte[length];
        ReadOnlySpan<byte> characters = "é水🌊"u8;
        int whole = length / characters.Length * characters.Length;
        for (int i = 0; i < whole; i++)
            bytes[i] = characters[i % characters.Length];
        bytes.AsSpan(whole).Fill((byte)'x');
        return bytes;
    }
}
