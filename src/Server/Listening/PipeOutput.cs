using System.IO.Pipelines;
using Gateway.Server.Connections.Sending;

namespace Gateway.Server.Listening;

/// <summary>Used by one sender at a time. For connections whose bytes do not go to the socket as they are: those with TLS, and those that the HTTP server upgraded.</summary>
internal sealed class PipeOutput(PipeWriter pipe) : IOutput
{
    /// <summary>A pipe has no answer but a task: everything takes the way of <see cref="SendAsync"/>.</summary>
    public int TrySend(ReadOnlySpan<byte> bytes) => 0;

    public async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return !(await pipe.WriteAsync(bytes)).IsCompleted;
        }
        catch (Exception)
        {
            // Whatever its peer did to the transport, the read loop sees it too and ends the connection.
            return false;
        }
    }
}
