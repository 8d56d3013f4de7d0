using System.Text;
using Gateway.Server.Application.Hooks;
using Gateway.Server.Hosting.Settings;
using Gateway.Tests.Options;

namespace Gateway.Tests.Hooks;

public sealed class HookSignatureTests
{
    /// <summary>
    /// The vector of the libraries of Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks, "libraries".
    /// </summary>
    [Fact]
    public void The_signature_is_that_of_Standard_Webhooks()
    {
        byte[] key = GatewayOptionsReader.Read(
            Settings.Of("Hooks:Url=http://127.0.0.1:9000", "Hooks:Secret=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).Hooks.Key;

        string signature = HookSignature.Of(
            key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, Encoding.UTF8.GetBytes("""{"test": 2432232314}"""));

        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signature);
    }
}
