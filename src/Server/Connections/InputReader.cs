using System.Buffers;
using Gateway.Protocol.WebSockets;

namespace Gateway.Server.Connections;

/// <summary>
/// What a connection has of its input: the frame reader, and what the frames cost. A connection has one while input is handled or half a
/// message has come, and from a close frame on; an idle connection has none. Used by the connection's read loop.
/// </summary>
internal sealed class InputReader
{
    /// <summary>
    /// Kept by each thread for its next input. An input that ends with a whole message takes and gives back one; the others are for
    /// connections of which half a message has come.
    /// </summary>
    private const int MaxSpare = 64;

    [ThreadStatic]
    private static Stack<InputReader>? _spare;

    private FrameReader _frames;

    private InputReader()
    {
    }

    /// <summary>The reader itself, which is not to be copied.</summary>
    public ref FrameReader Frames => ref _frames;

    /// <summary>What has been read and not been paid for, in bytes.</summary>
    public long Unpaid { get; set; }

    /// <summary>What the peer's close frame said; null where none has come, or ours came first.</summary>
    public CloseStatus? PeerClose { get; set; }

    /// <summary>Whether the peer has answered our close frame.</summary>
    public bool IsAnswered { get; set; }

    /// <param name="maxMessageBytes">The longest message.</param>
    /// <param name="allowsCompression">Whether permessage-deflate was agreed on.</param>
    public static InputReader Rent(int maxMessageBytes, bool allowsCompression)
    {
        var reader = _spare is { Count: > 0 } spare ? spare.Pop() : new InputReader();
        reader._frames = new FrameReader(maxMessageBytes, allowsCompression);
        return reader;
    }

    /// <summary>Gives back a reader that is between messages.</summary>
    public void Return()
    {
        Unpaid = 0;
        var spare = _spare ??= new Stack<InputReader>();
        if (spare.Count < MaxSpare)
            spare.Push(this);
    }

    /// <summary>
    /// Reads the next frame and adds what it came in to what is to be paid for; a compressed one is paid for as if it had come plain.
    /// </summary>
    public ReceivedFrame Read(ref ReadOnlySequence<byte> input)
    {
        long before = input.Length;
        var frame = _frames.Read(ref input);
        Unpaid += before - input.Length;
        if (frame.CompressedBytes > 0)
            Unpaid = Math.Max(Unpaid, frame.Payload.Length);
        return frame;
    }
}
