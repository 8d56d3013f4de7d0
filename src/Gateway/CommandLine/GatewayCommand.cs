using System.CommandLine;
using Gateway.Server.Hosting.Settings;

namespace Gateway.CommandLine;

/// <summary>The command line of the executable. Stateless. Settings stand anywhere in it, and every command reads the same ones.</summary>
internal static class GatewayCommand
{
    private const string Example = "Settings are given as --Gateway:Key=Value, in the environment as Gateway__Key, or in appsettings.json; "
        + "docs/configuration.md has them all.";

    /// <returns>The exit code: 0, or 1 for whatever is wrong.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = Arguments.Of(args);
        var command = Create(arguments);
        var parsed = command.Parse(
            arguments.Words, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (string problem in Problems(parsed))
                Console.Error.WriteLine(problem);
            return 1;
        }
        // The host handles the process's signals, and Program its exceptions.
        return await parsed.InvokeAsync(
            new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    private static RootCommand Create(Arguments arguments)
    {
        var root = new RootCommand($"A self-hosted real-time gateway. Without a command it runs. {Example}");
        var run = new Command("run", "Run the gateway, until it is told to stop");
        run.SetAction((_, _) => ServeAsync(arguments));
        root.SetAction((_, _) => ServeAsync(arguments));
        foreach (var version in root.Options.OfType<VersionOption>())
            version.Action = new VersionAction();
        root.Add(run);
        root.Add(CheckCommand.Create(arguments));
        root.Add(ConfigCommand.Create());
        root.Add(TokenCommand.Create(arguments));
        root.Add(HealthCommand.Create(arguments));
        return root;
    }

    private static async Task<int> ServeAsync(Arguments arguments)
    {
        await GatewayHost.Build([.. arguments.Settings]).RunAsync();
        return 0;
    }

    /// <summary>Words that mean nothing come first, and alone: other problems follow from them.</summary>
    private static IEnumerable<string> Problems(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens.Count == 0)
            return parsed.Errors.Select(error => error.Message);
        var command = parsed.CommandResult.Command;
        string[] options = [.. command.Options.Concat(parsed.RootCommandResult.Command.Options).Select(option => option.Name).Distinct()];
        string[] commands = [.. command.Subcommands.Select(sub => sub.Name)];
        return parsed.UnmatchedTokens.Select(word => Problem(word, options, commands));
    }

    private static string Problem(string word, string[] options, string[] commands)
    {
        string name = word.Split('=', 2)[0];
        bool isOption = name.StartsWith('-');
        string[] known = isOption ? options : commands;
        string hint = SettingNames.Nearest(name, known) is { } nearest ? $"; the nearest is '{nearest}'"
            : isOption ? SettingNames.Hint(name.TrimStart('-'))
            : "";
        return $"There is no {(isOption ? "option" : "command")} '{name}'{hint}. --help lists all.";
    }

    private sealed class VersionAction : System.CommandLine.Invocation.SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            Console.Out.WriteLine($"Gateway {typeof(GatewayCommand).Assembly.GetName().Version!.ToString(3)}");
            return 0;
        }
    }
}
