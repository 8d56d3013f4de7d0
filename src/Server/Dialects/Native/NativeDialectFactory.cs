using Gateway.Server.Admission;
using Gateway.Server.Auth;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Sessions;

namespace Gateway.Server.Dialects.Native;

/// <summary>The gateway's own protocol, at <c>/ws</c>. Safe for any thread.</summary>
internal sealed class NativeDialectFactory(SessionServices services) : IDialectFactory
{
    public string Path => "/ws";

    public string Subprotocol => Protocol.Messages.Subprotocol.Json;

    public bool SignsIn => true;

    public FrameEncoding Encoding => NativeEncoding.Instance;

    public IDialect Open(Connection connection, Identity identity, InitialSubscriptions? opening) =>
        new NativeDialect(connection, identity, services, opening);
}
