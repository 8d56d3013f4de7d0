using System.Net;

namespace Gateway.Server.Listening.EventLoop;

/// <summary>An address to listen on with event loops: by this type the HTTP server finds <see cref="LoopListenerFactory"/>.</summary>
internal sealed class LoopEndPoint(IPAddress address, int port) : IPEndPoint(address, port);
