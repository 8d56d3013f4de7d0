using System.Buffers;

namespace Gateway.Server.Dialects.Native;

/// <summary>The buffer in which a thread puts a reply together, before its frame's length is known. Never held across an await.</summary>
internal static class ReplyBuffer
{
    /// <summary>A buffer that grew past this for one large reply is not kept.</summary>
    private const int KeptBytes = 64 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    public static ArrayBufferWriter<byte> Rent()
    {
        if (_buffer is not { Capacity: <= KeptBytes })
            _buffer = new ArrayBufferWriter<byte>(1024);
        _buffer.ResetWrittenCount();
        return _buffer;
    }
}
