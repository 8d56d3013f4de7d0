using System.IO.Pipelines;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Backplane;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Sessions;

namespace Gateway.Server.Dialects.Streams;

/// <summary>
/// Used by one sender at a time. Writes a connection's frames as events, and after each the position from which a client that
/// lost its stream goes on. What the client does not take is not buffered here: the response holds as much as a WebSocket's pipe would.
/// </summary>
/// <param name="response">The response's body.</param>
/// <param name="connection">Told what the client's side would answer.</param>
/// <param name="positions">Where the client was before.</param>
internal sealed class SseOutput(PipeWriter response, IStreamClient connection, ChannelPositions positions) : IOutput
{
    /// <summary>Small messages grow by their names and positions; more than this is not written without waiting for the client.</summary>
    private const int FlushBytes = 32 * 1024;

    private ServerFrames _frames;

    /// <summary>A response has no answer but a task: everything takes the way of <see cref="SendAsync"/>.</summary>
    public int TrySend(ReadOnlySpan<byte> bytes) => 0;

    public async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            bool isPing = false, isLast = false;
            while (_frames.TryRead(ref bytes, out var opcode, out var payload))
            {
                isPing |= opcode == Opcode.Ping;
                isLast |= opcode == Opcode.Close;
                Write(opcode, payload.Span);
                if (response.UnflushedBytes > FlushBytes && !await FlushAsync())
                    return false;
            }
            if (!await FlushAsync())
                return false;
            if (isPing)
                connection.Answer();
            if (isLast)
                connection.Complete();
            return true;
        }
        catch (Exception)
        {
            // Whatever its peer did to the response, the read loop sees it too; where it does not, this tells it.
            connection.Complete();
            return false;
        }
    }

    private async ValueTask<bool> FlushAsync()
    {
        var flushed = await response.FlushAsync();
        return !flushed.IsCompleted && !flushed.IsCanceled;
    }

    private void Write(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        if (opcode == Opcode.Ping)
            EventWriter.Comment(response);
        else if (opcode == Opcode.Text)
            WriteEvent(payload);
    }

    private void WriteEvent(ReadOnlySpan<byte> json)
    {
        var fields = EventFields.Read(json);
        EventWriter.Event(response, fields.Type, json, Move(fields) ? positions : null, fields.RetryAfter);
    }

    /// <summary>Takes note of what a message says about a position.</summary>
    private bool Move(in EventFields fields)
    {
        if (fields.Type.SequenceEqual("message"u8))
            return fields.Seq is { } seq && positions.Advance(fields.Channel, seq);
        if (fields.Type.SequenceEqual("unsubscribed"u8))
            return !Ascii.Equals(fields.Code, UnsubscribeCode.InsufficientState) && positions.Remove(fields.Channel);
        // After recovering, what was missed is still to come: the position is where it was until then.
        if (!fields.Type.SequenceEqual("subscribed"u8) || fields.IsRecovered)
            return false;
        return fields is { Epoch: { } epoch, Seq: { } top } ? positions.Set(fields.Channel, new Position(epoch, top)) : positions.Remove(fields.Channel);
    }
}
