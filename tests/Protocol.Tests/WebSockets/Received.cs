using System.Text;
using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Tests.WebSockets;

/// <summary>A copy of what a read gave, comparable and readable in a failed assertion.</summary>
internal sealed record Received(FrameKind Kind, string Payload, CloseStatus Status)
{
    public static Received Text(string text) => Of(FrameKind.Text, Encoding.UTF8.GetBytes(text));

    public static Received Of(FrameKind kind, byte[] payload) => new(kind, Convert.ToHexString(payload), default);

    public static Received Close(int code, string reason) => new(FrameKind.Close, "", new CloseStatus((CloseCode)code, reason));

    public static Received Violation(CloseCode code, string reason) => new(FrameKind.Violation, "", new CloseStatus(code, reason));

    public static Received Of(ReceivedFrame frame) => new(frame.Kind, Convert.ToHexString(frame.Payload.Span), frame.Status);
}
