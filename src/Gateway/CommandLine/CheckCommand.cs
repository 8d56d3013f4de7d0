using System.CommandLine;
using System.Text.RegularExpressions;
using Gateway.Server.Hosting.Settings;
using Gateway.Server.Options;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;

namespace Gateway.CommandLine;

/// <summary>
/// <c>gateway check</c>: reads the settings as <c>gateway run</c> would, and prints those that hold, each with where it comes from.
/// Stateless. No secret is printed.
/// </summary>
internal static partial class CheckCommand
{
    private const string Masked = "***";

    public static Command Create(Arguments arguments)
    {
        var command = new Command("check", "Check the settings, and print those that hold");
        command.SetAction(_ => Run(arguments));
        return command;
    }

    /// <exception cref="OptionsProblemsException">The settings cannot be used.</exception>
    private static int Run(Arguments arguments)
    {
        var configuration = GatewayHost.CreateBuilder([.. arguments.Settings]).Configuration;
        var settings = new SettingsReader(configuration.GetSection("Gateway"));
        settings.Problems.AddRange(SettingNames.Mistakes(arguments.Keys));
        var options = GatewayOptionsReader.Read(configuration, new GatewayOptions(), settings);
        foreach (var (key, value) in settings.Effective)
            Console.Out.WriteLine($"Gateway:{key} = {Shown(key, value)}   ({SourceOf(configuration, $"Gateway:{key}")})");
        foreach (string warning in options.Warnings)
            Console.Out.WriteLine($"WARNING {warning}");
        return 0;
    }

    /// <summary>Secrets are masked, and so are passwords and users inside addresses.</summary>
    private static string Shown(string key, string value)
    {
        if (value.Length == 0)
            return "(none)";
        return SecretKey().IsMatch(key)
            ? Masked
            : InAddress().Replace(value, match => match.Groups[1].Value + match.Groups[2].Value + Masked);
    }

    private static string SourceOf(IConfigurationRoot configuration, string key)
    {
        var source = configuration.Providers.LastOrDefault(
            provider => provider.TryGet(key, out string? value) && !string.IsNullOrEmpty(value));
        return source switch
        {
            null => "default",
            JsonConfigurationProvider file => file.Source.Path!,
            EnvironmentVariablesConfigurationProvider => "environment",
            CommandLineConfigurationProvider => "command line",
            _ => source.ToString()!,
        };
    }

    [GeneratedRegex("(^|:)(Secret|Keys|[A-Za-z]*Password)(:|$)", RegexOptions.IgnoreCase)]
    private static partial Regex SecretKey();

    /// <summary>What stands between the slashes and the last @ of a URL, or behind <c>user=</c> and <c>password=</c>.</summary>
    [GeneratedRegex(@"(//)[^,;\s]*(?=@)|((?:user|password)=)[^,;]*", RegexOptions.IgnoreCase)]
    private static partial Regex InAddress();
}
