using Microsoft.Extensions.Configuration;

namespace Gateway.Tests.Options;

internal static class Settings
{
    /// <param name="settings">As <c>Limits:MessageBytes=1024</c>.</param>
    public static IConfiguration Of(params string[] settings) =>
        new ConfigurationBuilder().AddCommandLine([.. settings.Select(setting => "--Gateway:" + setting)]).Build();
}
