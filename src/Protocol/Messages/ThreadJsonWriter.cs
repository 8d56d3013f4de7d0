using System.Buffers;
using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <summary>A JSON writer for each thread, which is reused so that writing a message allocates nothing.</summary>
/// <remarks>
/// A writer is taken out of its thread's slot and put back within one synchronous call, and never held across an await, so two threads
/// cannot use the same writer. A call inside another call finds the slot empty and makes a second writer. A writer that an exception has
/// lost is made anew.
/// </remarks>
internal static class ThreadJsonWriter
{
    // The output of a writer at rest, so that an idle thread does not keep the last connection's buffer alive. Nothing is written to it.
    private static readonly ArrayBufferWriter<byte> Unused = new();

    // The validation finds programming errors, which tests find too. It would cost time for every message.
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

    /// <summary>Flushes the writer to its output, and puts it back.</summary>
    public static void FlushAndReturn(Utf8JsonWriter writer)
    {
        writer.Flush();
        writer.Reset(Unused);
        _idle = writer;
    }
}
