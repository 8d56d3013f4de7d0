using System.Buffers;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;

namespace Gateway.Server.Dialects.Echo;

/// <summary>The dialect of <c>/echo</c>: sends every message back as it came. Used by one connection's read loop.</summary>
internal sealed class EchoDialect(Connection connection) : IDialect
{
    public IClientSession? Client => null;

    public ValueTask OnOpenAsync() => default;

    public long OnTick(long now) => long.MaxValue;

    public ValueTask OnMessageAsync(FrameKind kind, ReadOnlyMemory<byte> payload)
    {
        if (kind == FrameKind.Text)
            connection.Writer.Send(payload.Span);
        else
            connection.Writer.SendBinary(payload.Span);
        return default;
    }

    public ValueTask FinishAsync() => default;

    public ValueTask AnswerPublishesAsync() => default;

    public void OnClosing()
    {
    }

    public void OnRateLimited(FrameKind kind, ReadOnlyMemory<byte> payload, long retryAfter)
    {
    }

    public void WriteDisconnect(IBufferWriter<byte> output, CloseRequest close)
    {
    }

    public void OnGap(Subscription subscription)
    {
    }

    public void OnPresenceDropped()
    {
    }

    public void OnClosed(int code)
    {
    }
}
