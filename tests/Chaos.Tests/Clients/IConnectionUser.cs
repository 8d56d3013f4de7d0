using System.Text.Json;

namespace Gateway.Chaos.Tests.Clients;

/// <summary>Whom a connection serves, one call at a time.</summary>
internal interface IConnectionUser
{
    /// <summary>A message came. It is valid during the call.</summary>
    void Hear(ClientConnection connection, string type, JsonElement message);

    /// <summary>Some time has passed.</summary>
    void Tick(ClientConnection connection);

    /// <summary>The connection has ended, however.</summary>
    void Gone(ClientConnection connection);
}
