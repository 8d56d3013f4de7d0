using Gateway.Load.Sockets;

namespace Gateway.Load.Dialects;

/// <summary>The messages of a kind of server. Stateless and safe for any thread.</summary>
internal interface IDialect
{
    string? Subprotocol { get; }

    /// <summary>The first message of a client. Null for none.</summary>
    string? Opening { get; }

    /// <summary>Whether the server says <see cref="ServerMessage.Connected"/> when it is ready for a client.</summary>
    bool Greets { get; }

    /// <summary>Around what comes back to its sender.</summary>
    Envelope Echo { get; }

    /// <summary>Around what goes to all subscribers of a channel.</summary>
    Envelope Publish(string channel);

    /// <summary>Answered with <see cref="ServerMessage.Subscribed"/>.</summary>
    string Subscribe(string channel);

    void Read(ReadOnlySpan<byte> message, IReceiver receiver);
}
