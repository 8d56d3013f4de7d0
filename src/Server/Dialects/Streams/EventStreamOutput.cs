using System.Buffers;
using System.IO.Pipelines;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Sessions;

namespace Gateway.Server.Dialects.Streams;

/// <summary>
/// Writes a connection's events to its response, each behind the position from which a client that lost its stream goes on. Used by one
/// sender at a time. What the client does not take is not buffered here: the response holds as much as a WebSocket's pipe would.
/// </summary>
/// <param name="response">The response's body.</param>
/// <param name="positions">Where the client was before, in each of its channels.</param>
/// <param name="onGone">Called when the response cannot be written any more.</param>
internal sealed class EventStreamOutput(PipeWriter response, ChannelPositions positions, Action onGone) : IFrameOutput
{
    /// <summary>Small messages grow by their positions; more than this is not written without waiting for the client.</summary>
    private const int FlushBytes = 32 * 1024;

    public bool IsFull => response.UnflushedBytes > FlushBytes;

    /// <summary>A response has no answer but a task: everything takes the way of <see cref="WriteAsync"/>.</summary>
    public int TrySend(ReadOnlySpan<byte> bytes) => 0;

    public async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            response.Write(bytes.Span);
        }
        catch (Exception)
        {
            onGone();
            return false;
        }
        return await FlushAsync().ConfigureAwait(false);
    }

    public async ValueTask<bool> WriteAsync(QueuedFrames frames)
    {
        try
        {
            for (int i = frames.First; i < frames.End; i++)
            {
                Write(frames, i);
                if (IsFull && !await FlushAsync().ConfigureAwait(false))
                    return false;
            }
            return true;
        }
        catch (Exception)
        {
            onGone();
            return false;
        }
    }

    public async ValueTask<bool> FlushAsync()
    {
        try
        {
            var flushed = await response.FlushAsync().ConfigureAwait(false);
            if (!flushed.IsCompleted && !flushed.IsCanceled)
                return true;
        }
        catch (Exception)
        {
            // Whatever the client did to the response, the HTTP server sees it too; where it does not, the call below says it.
        }
        onGone();
        return false;
    }

    private void Write(QueuedFrames frames, int index)
    {
        ref readonly var entry = ref frames.Batch!.Entries[index];
        if (Move(entry, frames.Subscription))
        {
            response.Write("id: "u8);
            positions.Write(response);
            response.Write("\n"u8);
        }
        response.Write(frames.Batch.Bytes.Slice(entry.Start, entry.Length));
    }

    /// <summary>Takes note of what an event that leaves says about a position.</summary>
    /// <returns>Whether that has changed anything.</returns>
    private bool Move(in FrameEntry entry, Subscription? subscription)
    {
        if (subscription is not null)
            return entry.Seq != 0 && positions.Advance(subscription.Channel.Name.Utf8, entry.Seq);
        if (entry.Mark is not { } mark)
            return false;
        return mark.Change switch
        {
            PositionChange.Set => positions.Set(mark.Channel.Utf8, mark.Position),
            PositionChange.Advance => positions.Advance(mark.Channel.Utf8, mark.Position.Seq),
            PositionChange.Remove => positions.Remove(mark.Channel.Utf8),
            _ => false,
        };
    }
}
