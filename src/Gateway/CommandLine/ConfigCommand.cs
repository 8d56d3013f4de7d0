using System.CommandLine;
using System.Security.Cryptography;

namespace Gateway.CommandLine;

/// <summary>
/// <c>gateway config</c>: prints a starter <c>appsettings.json</c> with comments, and with a secret of its own. Stateless.
/// </summary>
internal static class ConfigCommand
{
    /// <summary>The place of the secret in the file.</summary>
    private const string Secret = "{secret}";

    public static Command Create()
    {
        var command = new Command("config", "Print a commented appsettings.json to begin with");
        command.SetAction(_ =>
        {
            Console.Out.Write(
                Template().Replace(Secret, RandomNumberGenerator.GetHexString(64, lowercase: true), StringComparison.Ordinal));
            return 0;
        });
        return command;
    }

    private static string Template()
    {
        using var file = new StreamReader(typeof(ConfigCommand).Assembly.GetManifestResourceStream("starter.json")!);
        return file.ReadToEnd();
    }
}
