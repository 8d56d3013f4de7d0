using System.Buffers.Binary;
using System.Text;
using Gateway.Protocol.WebSockets;

namespace Gateway.Load.Sockets;

/// <summary>The end of a connection by the server, or by the network. Immutable.</summary>
/// <param name="Code">The close code; <see cref="Lost"/> without a close frame; 0 if it never opened.</param>
/// <param name="Reason">What the server, or the system, says of it.</param>
internal readonly record struct ConnectionEnd(int Code, string Reason)
{
    /// <summary>RFC 6455 7.1.5.</summary>
    public const int Lost = 1006;

    public const int SlowConsumer = 4008;

    /// <summary>What a close frame says.</summary>
    public static ConnectionEnd Read(ReadOnlySpan<byte> payload) => payload.Length >= 2
        ? new ConnectionEnd(BinaryPrimitives.ReadUInt16BigEndian(payload), Encoding.UTF8.GetString(payload[2..]))
        : new ConnectionEnd((int)CloseCode.NoStatus, "");

    public override string ToString() => Code == 0 ? $"cannot connect: {Reason}" : $"closed early: {Code} {Reason}".TrimEnd();
}
