using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Gateway.Server.Listening;

/// <summary>
/// A transport whose input is pulled out of a pipe. It is its own output, one object for both: each is memory of every idle connection.
/// </summary>
internal abstract class PipeTransport : ITransport, IOutput
{
    public virtual IOutput Output => this;

    public abstract bool ClosesWhenOutputEnds { get; }

    public bool SharesThread => false;

    /// <summary>Of the connection below: TLS and the socket, where there are any.</summary>
    protected abstract IFeatureCollection Features { get; }

    protected abstract PipeReader Input { get; }

    protected abstract PipeWriter OutputPipe { get; }

    /// <summary>
    /// The read loop. Its locals are memory of every idle connection: <see cref="OnReadAsync"/> has what does not outlive a read.
    /// </summary>
    public async Task RunAsync(IConnectionReceiver connection, ValueTask<bool> opened)
    {
        try
        {
            bool goesOn = await opened.ConfigureAwait(false);
            while (goesOn)
            {
                var result = await Input.ReadAsync().ConfigureAwait(false);
                goesOn = await OnReadAsync(connection, result).ConfigureAwait(false);
            }
        }
        catch (Exception failure)
        {
            connection.OnFailure(failure);
        }
        await connection.OnEndAsync().ConfigureAwait(false);
    }

    public async Task ReceiveAsync(IInputReceiver receiver)
    {
        while (await OnReadAsync(receiver, await Input.ReadAsync().ConfigureAwait(false)).ConfigureAwait(false))
            continue;
    }

    public void Wake() => Input.CancelPendingRead();

    public abstract void Abort(ConnectionAbortedException reason);

    public async ValueTask HalfCloseAsync()
    {
        try
        {
            if (Features.Get<ISslStreamFeature>() is { } tls)
                await tls.SslStream.ShutdownAsync().ConfigureAwait(false);
            Features.Get<IConnectionSocketFeature>()?.Socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The peer has left, as the next read says.
        }
    }

    public ValueTask EndOutputAsync() => OutputPipe.CompleteAsync();

    /// <summary>A pipe has no answer but a task: everything takes the way of <see cref="SendAsync"/>.</summary>
    public virtual int TrySend(ReadOnlySpan<byte> bytes) => 0;

    public virtual async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return !(await OutputPipe.WriteAsync(bytes).ConfigureAwait(false)).IsCompleted;
        }
        catch (Exception)
        {
            // Whatever the peer did to the transport, the read loop sees it too and ends the connection.
            return false;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> OnReadAsync(IInputReceiver receiver, ReadResult result)
    {
        var handled = receiver.OnInputAsync(result.Buffer);
        if (!handled.IsCompletedSuccessfully)
            await handled.ConfigureAwait(false);
        Input.AdvanceTo(result.Buffer.End);
        var consumed = receiver.OnConsumedAsync(result.IsCompleted);
        return consumed.IsCompletedSuccessfully ? consumed.Result : await consumed.ConfigureAwait(false);
    }
}
