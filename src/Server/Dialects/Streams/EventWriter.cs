using System.Buffers;
using System.Buffers.Text;
using Gateway.Server.Sessions;

namespace Gateway.Server.Dialects.Streams;

/// <summary>Stateless. The text of an event stream (https://html.spec.whatwg.org, "Server-sent events").</summary>
internal static class EventWriter
{
    /// <summary>Every line of the stream ends with one.</summary>
    private static ReadOnlySpan<byte> End => "\n"u8;

    /// <summary>Nothing but a sign of life.</summary>
    public static void Comment(IBufferWriter<byte> output) => output.Write(":\n\n"u8);

    /// <param name="output">Where to.</param>
    /// <param name="type">What the event is called.</param>
    /// <param name="json">Its data.</param>
    /// <param name="positions">Where the stream has come to with it; null where that has not changed.</param>
    /// <param name="retry">Milliseconds after which to come back from now on; null for as before.</param>
    public static void Event(IBufferWriter<byte> output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> json, ChannelPositions? positions, long? retry)
    {
        output.Write("event: "u8);
        output.Write(type);
        output.Write(End);
        if (positions is not null)
        {
            output.Write("id: "u8);
            positions.Write(output);
            output.Write(End);
        }
        if (retry is { } milliseconds)
            Retry(output, milliseconds);
        Data(output, json);
        output.Write(End);
    }

    public static void Retry(IBufferWriter<byte> output, long milliseconds)
    {
        output.Write("retry: "u8);
        var digits = output.GetSpan(20);
        Utf8Formatter.TryFormat(milliseconds, digits, out int written);
        output.Advance(written);
        output.Write(End);
    }

    /// <summary>A client's content may have line ends between its values, where they are blanks: each line is a field of its own.</summary>
    private static void Data(IBufferWriter<byte> output, ReadOnlySpan<byte> json)
    {
        while (true)
        {
            int end = json.IndexOfAny((byte)'\r', (byte)'\n');
            output.Write("data: "u8);
            output.Write(end < 0 ? json : json[..end]);
            output.Write(End);
            if (end < 0)
                return;
            bool isPair = json[end] == '\r' && end + 1 < json.Length && json[end + 1] == '\n';
            json = json[(end + (isPair ? 2 : 1))..];
        }
    }
}
