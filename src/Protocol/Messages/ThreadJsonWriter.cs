using System.Buffers;
using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <summary>One reused JSON writer per thread, so that writing a message allocates nothing.</summary>
/// <remarks>
/// Safe because a writer is taken out of the thread's slot and put back within one synchronous call, never held across an
/// await: two threads cannot see the same one, and a call inside another merely finds the slot empty and makes a second. One
/// lost to an exception is made anew.
/// </remarks>
internal static class ThreadJsonWriter
{
    // A writer at rest points here, lest an idle thread keep the last connection's buffer alive. Nothing is written to it.
    private static readonly ArrayBufferWriter<byte> Nowhere = new();

    // Validation guards against programming errors, which the tests find; here it would cost on every message.
    private static readonly JsonWriterOptions Options = new() { Encoder = JsonText.Encoder, SkipValidation = true };

    [ThreadStatic]
    private static Utf8JsonWriter? _idle;

    public static Utf8JsonWriter Take(IBufferWriter<byte> output)
    {
        var writer = _idle;
        if (writer is null)
            return new Utf8JsonWriter(output, Options);
        _idle = null;
        writer.Reset(output);
        return writer;
    }

    /// <summary>Hands what was written to its output.</summary>
    public static void FlushAndReturn(Utf8JsonWriter writer)
    {
        writer.Flush();
        writer.Reset(Nowhere);
        _idle = writer;
    }
}
