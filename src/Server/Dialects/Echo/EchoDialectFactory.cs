using Gateway.Server.Admission;
using Gateway.Server.Auth;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Sessions;

namespace Gateway.Server.Dialects.Echo;

/// <summary>
/// <c>/echo</c>, for measurements and for trying out a connection. Stateless; registered where <c>Gateway:Echo</c> is set.
/// </summary>
internal sealed class EchoDialectFactory : IDialectFactory
{
    public string Path => "/echo";

    public string? Subprotocol => null;

    public bool SignsIn => false;

    public FrameEncoding Encoding => EchoEncoding.Instance;

    public IDialect Open(Connection connection, Identity identity, InitialSubscriptions? opening) => new EchoDialect(connection);
}
