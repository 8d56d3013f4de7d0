using Gateway.Protocol.WebSockets;
using Gateway.Server.Auth;
using Gateway.Server.Hosting;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using static Gateway.Tests.Http.HttpRequests;

namespace Gateway.Tests.Http;

/// <summary>Faults of the gateway itself: the operator learns the details, and the client does not.</summary>
public sealed class UnexpectedFailureTests
{
    [Theory]
    [InlineData("Development")]
    [InlineData("Production")]
    public async Task The_answer_does_not_say_what_failed_in_any_environment_of_NET(string environment)
    {
        using var app = GatewayHost.Build(
            [
                $"--environment={environment}", "--Logging:LogLevel:Default=None", "--Gateway:Development=true",
                "--Gateway:Public=http://127.0.0.1:0", "--Gateway:Internal=http://127.0.0.1:0",
            ],
            services => services.AddSingleton<IAuthenticator, BrokenAuthenticator>());
        await app.StartAsync();

        await using var client = await RawWebSocket.ConnectTcpAsync(new Uri(app.Services.GetRequiredService<OwnPorts>().Public!).Port);
        await client.SendTextAsync(Get("/sse?channel=news"));
        var reply = await client.ReadReplyAsync();

        Assert.Equal((500, ""), (reply.Status, reply.Body));
    }

    private sealed class BrokenAuthenticator : IAuthenticator
    {
        public string Description => "TEST: always fails";

        public string? Warning => null;

        public string? Problem => null;

        public TokenVerifier? Tokens => null;

        public ValueTask<SignIn> AuthenticateAsync(HandshakeRequest request) =>
            throw new InvalidOperationException("no connection to 10.0.0.7");

        public Identity WithoutToken => Identity.Anonymous;
    }
}
