using System.Text.Json;
using Gateway.Protocol.Messages;

namespace Gateway.Auth;

/// <summary>Immutable. Who is behind a connection.</summary>
/// <param name="user">The user id.</param>
/// <param name="info">The raw JSON object shown to others in presence; empty for none.</param>
internal sealed class Identity(string user, ReadOnlyMemory<byte> info = default)
{
    private JsonEncodedText _sender;

    public string User { get; } = user;

    public ReadOnlyMemory<byte> Info { get; } = info;

    /// <summary>The user id as it stands in JSON; made when the first message is published, for most connections never publish. Only for the read loop.</summary>
    public JsonEncodedText Sender
    {
        get
        {
            if (_sender.EncodedUtf8Bytes.IsEmpty)
                _sender = JsonText.Encode(User);
            return _sender;
        }
    }

    public PresentUser Present => new(User, Info);
}
