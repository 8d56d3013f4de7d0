using System.Net;
using Gateway.Server.Hosting.Settings;
using Gateway.Server.Options;

namespace Gateway.CommandLine;

/// <summary>
/// Stateless. <c>Gateway health [live|ready]</c>: asks the gateway that runs here with the same settings how it is. An image without a shell has nothing
/// else to ask with.
/// </summary>
internal static class HealthCommand
{
    public const string Name = "health";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="args">What stands behind <see cref="Name"/> on the command line: <c>live</c> or <c>ready</c>, which is the default, and settings.</param>
    /// <returns>The exit code: 0 for yes, 1 for no or no answer.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        string question = args is ["live" or "ready", ..] ? args[0] : "ready";
        var configuration = GatewayHost.CreateBuilder(args).Configuration;
        // No other setting matters: the internal port speaks plain HTTP whatever the public one does.
        var settings = new SettingsReader(configuration.GetSection("Gateway"));
        var port = settings.Address("Internal", new GatewayOptions().Internal)!;
        if (settings.Problems.Count > 0)
            throw new OptionsProblemsException(settings.Problems);
        var asked = new UriBuilder(Uri.UriSchemeHttp, Reachable(port.Address).ToString(), port.Port, "/health/" + question).Uri;
        try
        {
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
            using var answer = await http.GetAsync(asked);
            Console.Out.WriteLine(await answer.Content.ReadAsStringAsync());
            return answer.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
        {
            Console.Error.WriteLine($"No answer from {asked}: {failure.Message}");
            return 1;
        }
    }

    /// <summary>Nobody can connect to "any address".</summary>
    private static IPAddress Reachable(IPAddress listening) =>
        listening.Equals(IPAddress.Any) ? IPAddress.Loopback : listening.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : listening;
}
