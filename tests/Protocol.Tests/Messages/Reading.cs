using System.Text;
using Gateway.Protocol.Messages;

namespace Gateway.Protocol.Tests.Messages;

/// <summary>What the reader made of one payload, copied out of its spans so that tests can compare it.</summary>
internal sealed record Reading(bool Succeeded, ProtocolError Error)
{
    public ClientMessageType Type { get; private init; }

    public string Id { get; private init; } = "";

    public string Channel { get; private init; } = "";

    public string Content { get; private init; } = "";

    public string Key { get; private init; } = "";

    public string Token { get; private init; } = "";

    public bool Echo { get; private init; }

    public (string Epoch, long Seq)? Recover { get; private init; }

    public int? Limit { get; private init; }

    public long? Before { get; private init; }

    public long? After { get; private init; }

    public static Reading Of(string payload) => Of(Encoding.UTF8.GetBytes(payload));

    public static Reading Of(ReadOnlySpan<byte> payload)
    {
        bool succeeded = ClientMessageReader.TryRead(payload, out ClientMessage message, out ProtocolError error);
        return new Reading(succeeded, error)
        {
            Type = message.Type,
            Id = Encoding.UTF8.GetString(message.Id),
            Channel = Encoding.UTF8.GetString(message.Channel),
            Content = Encoding.UTF8.GetString(message.Content),
            Key = Encoding.UTF8.GetString(message.Key),
            Token = Encoding.UTF8.GetString(message.Token),
            Echo = message.Echo,
            Recover = message.HasRecover ? (Encoding.UTF8.GetString(message.RecoverEpoch), message.RecoverSeq) : null,
            Limit = message.Limit,
            Before = message.Before,
            After = message.After,
        };
    }
}
