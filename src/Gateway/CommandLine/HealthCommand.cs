using System.CommandLine;
using System.Net;
using Gateway.Server.Hosting.Settings;
using Gateway.Server.Options;

namespace Gateway.CommandLine;

/// <summary>
/// <c>gateway health [live|ready]</c>: asks the gateway that runs on this machine with the same settings for its health. Stateless. An
/// image without a shell has nothing else to ask with.
/// </summary>
internal static class HealthCommand
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private static readonly Argument<string> Question = new("question")
    {
        Description = "Whether the process lives, or is ready for clients",
        DefaultValueFactory = _ => "ready",
    };

    public static Command Create(Arguments arguments)
    {
        var command = new Command("health", "Ask the gateway that runs with the same settings for its health") { Question };
        Question.AcceptOnlyFromAmong("live", "ready");
        command.SetAction((parsed, _) => RunAsync(parsed.GetValue(Question)!, arguments));
        return command;
    }

    /// <returns>The exit code: 0 for yes, 1 for no or no answer.</returns>
    /// <exception cref="OptionsProblemsException">The settings cannot be used.</exception>
    private static async Task<int> RunAsync(string question, Arguments arguments)
    {
        // No other setting matters: the internal port speaks plain HTTP whatever the public one does.
        var settings = new SettingsReader(GatewayHost.CreateBuilder([.. arguments.Settings]).Configuration.GetSection("Gateway"));
        settings.Problems.AddRange(SettingNames.Mistakes(arguments.Keys));
        var port = settings.Address("Internal", new GatewayOptions().Internal)!;
        if (settings.Problems.Count > 0)
            throw new OptionsProblemsException(settings.Problems);
        var asked = new UriBuilder(Uri.UriSchemeHttp, Reachable(port.Address).ToString(), port.Port, "/health/" + question).Uri;
        try
        {
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Timeout };
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
