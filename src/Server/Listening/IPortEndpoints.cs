namespace Gateway.Server.Listening;

/// <summary>
/// What is served over HTTP on the gateway's own ports. Every registered one is mapped, once, when the ports are about to open; an
/// application that embeds the gateway keeps its own routes apart from these.
/// </summary>
internal interface IPortEndpoints
{
    void Map(IEndpointRouteBuilder routes);
}
