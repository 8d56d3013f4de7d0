using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.TestSupport;

/// <summary>An identity provider's keys, served over HTTP on a loopback port. Safe for any thread.</summary>
public sealed class JwksServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private volatile string _answer;
    private int _requests;

    private JwksServer(string answer, int port)
    {
        _answer = answer;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        _app = builder.Build();
        _app.Run(async context =>
        {
            Interlocked.Increment(ref _requests);
            if (_answer.Length == 0)
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            await context.Response.WriteAsync(_answer);
        });
    }

    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/jwks");

    /// <summary>The number of requests for the keys.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <param name="answer">A JWKS; empty for a 503.</param>
    /// <param name="port">0 for a free one.</param>
    public static async Task<JwksServer> StartAsync(string answer, int port = 0)
    {
        var server = new JwksServer(answer, port);
        await server._app.StartAsync();
        return server;
    }

    public void Answer(string answer) => _answer = answer;

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
