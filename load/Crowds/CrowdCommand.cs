using System.CommandLine;
using System.CommandLine.Parsing;
using Gateway.Load.Dialects;

namespace Gateway.Load.Crowds;

/// <summary>
/// <c>crowd</c> on the command line: holds very many clients on many nodes, and does what each line of standard input asks, for a script
/// that starts and ends nodes meanwhile.
/// </summary>
internal sealed class CrowdCommand : Command
{
    private readonly Option<Uri[]> _urls = new("--url")
    {
        Description = "A node's WebSocket, by its address; several times",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
        CustomParser = ReadUrls,
    };

    private readonly Option<int> _connections = Number("--connections", "Clients, dealt out over the nodes", 1000);
    private readonly Option<int> _singles = Number("--singles", "Clients that have a channel of their own too", 1000);
    private readonly Option<int> _bytes = Number("--bytes", "Bytes of each message's content", 128);
    private readonly Option<int> _timeout = Number("--timeout", "Seconds without progress after which the rest is lost", 60);
    private readonly Option<int> _reserve = Number("--reserve", "MiB of the machine's memory to leave", 1500);
    private readonly Option<int> _threads = Number(
        "--threads", "Loops, unless the limit of open files needs more", Environment.ProcessorCount);

    private readonly Option<string> _namespace =
        new("--namespace") { Description = "The namespace of the channels, with history", DefaultValueFactory = _ => "log" };

    public CrowdCommand()
        : base("crowd", "Very many clients that stay, on many nodes; does what each line of standard input asks: " + CrowdSession.Usage)
    {
        foreach (Option option in (Option[])[_urls, _connections, _singles, _bytes, _timeout, _reserve, _threads, _namespace])
            Add(option);
        SetAction((parsed, _) => RunAsync(parsed));
    }

    private static Uri[]? ReadUrls(ArgumentResult result)
    {
        var urls = new List<Uri>();
        foreach (var token in result.Tokens)
        {
            if (Uri.TryCreate(token.Value, UriKind.Absolute, out var url) && url.Scheme == "ws")
                urls.Add(url);
            else
                result.AddError($"{token.Value} is not a ws:// URL.");
        }
        return [.. urls];
    }

    private static Option<int> Number(string name, string description, int value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    private async Task<int> RunAsync(ParseResult parsed)
    {
        var urls = parsed.GetRequiredValue(_urls);
        var options = new LoadOptions
        {
            Url = urls[0],
            Dialect = JsonDialect.Gateway,
            Namespace = parsed.GetValue(_namespace)!,
            Connections = Math.Max(1, parsed.GetValue(_connections)),
            Singles = Math.Max(0, parsed.GetValue(_singles)),
            Bytes = Math.Max(Marker.Length, parsed.GetValue(_bytes)),
            Timeout = TimeSpan.FromSeconds(parsed.GetValue(_timeout)),
            MemoryReserve = (long)parsed.GetValue(_reserve) << 20,
            Threads = Math.Max(1, parsed.GetValue(_threads)),
            Tokens = Tokens.FromEnvironment(),
        };
        return await CrowdSession.RunAsync(options, urls, Console.In, Console.Out);
    }
}
