using System.Buffers;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Dialects.Streams;
using Gateway.Server.Sessions;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Server.Http.Streams;

/// <summary>
/// A response that stays open, as a transport. It has no input: its connection is called when somebody asks for it, and when the client has
/// left, which the HTTP server or a failed write says.
/// </summary>
internal sealed class StreamTransport : ITransport
{
    private readonly HttpContext _context;
    private TaskCompletionSource _woken = NewWaiter();
    private volatile bool _hasLeft;

    /// <param name="context">The request, whose response has begun.</param>
    /// <param name="positions">Where the client was before, in each of its channels.</param>
    public StreamTransport(HttpContext context, ChannelPositions positions)
    {
        _context = context;
        Output = new EventStreamOutput(context.Response.BodyWriter, positions, Leave);
    }

    public IOutput Output { get; }

    public bool ClosesWhenOutputEnds => false;

    public bool SharesThread => false;

    public async Task RunAsync(IConnectionReceiver connection, ValueTask<bool> opened)
    {
        try
        {
            bool goesOn = await opened.ConfigureAwait(false);
            while (goesOn)
            {
                await Volatile.Read(ref _woken).Task.ConfigureAwait(false);
                // Whoever wakes has set what the connection looks at; this takes a new waiter and then has the connection look. So no call
                // is lost.
                Volatile.Write(ref _woken, NewWaiter());
                goesOn = await CallAsync(connection, _hasLeft).ConfigureAwait(false);
            }
        }
        catch (Exception failure)
        {
            connection.OnFailure(failure);
        }
        await connection.OnEndAsync().ConfigureAwait(false);
    }

    /// <summary>There is nothing to wait for: a client that has been sent the last event has no way to answer.</summary>
    public async Task ReceiveAsync(IInputReceiver receiver) => await CallAsync(receiver, isCompleted: true).ConfigureAwait(false);

    public void Wake() => Volatile.Read(ref _woken).TrySetResult();

    /// <summary>The client has left. From any thread.</summary>
    public void Leave()
    {
        _hasLeft = true;
        Wake();
    }

    public void Abort(ConnectionAbortedException reason) => _context.Abort();

    public ValueTask HalfCloseAsync() => default;

    public ValueTask EndOutputAsync() => _context.Response.BodyWriter.CompleteAsync();

    private static async ValueTask<bool> CallAsync(IInputReceiver receiver, bool isCompleted)
    {
        await receiver.OnInputAsync(ReadOnlySequence<byte>.Empty).ConfigureAwait(false);
        return await receiver.OnConsumedAsync(isCompleted).ConfigureAwait(false);
    }

    private static TaskCompletionSource NewWaiter() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
