using System.CommandLine;
using System.CommandLine.Parsing;
using Spectre.Console;

namespace Gateway.Load;

/// <summary>One scenario on the command line.</summary>
internal sealed class LoadCommand : Command
{
    private readonly IScenario _scenario;
    private readonly Option<Uri> _url;
    private readonly Option<Uri?> _publishUrl = new("--publish-url") { Description = "Where the publisher connects, for instance another node [default: --url]", CustomParser = ReadUrl };
    private readonly Option<string> _namespace = new("--namespace") { Description = "The namespace of the channel", DefaultValueFactory = _ => "load" };
    private readonly Option<int> _connections;
    private readonly Option<int> _messages = Positive("--messages", "Messages to send; of echo, per connection", 1_000);
    private readonly Option<int> _bytes = Positive("--bytes", "Bytes of padding in each message", 128);
    private readonly Option<int> _inFlight = Positive("--in-flight", "Messages under way at a time", 16);
    private readonly Option<int> _seconds = Positive("--seconds", "How long connections are held idle", 10);
    private readonly Option<int> _timeout = Positive("--timeout", "Seconds after which the run has failed", 120);

    /// <param name="name">The scenario's name.</param>
    /// <param name="description">What it does.</param>
    /// <param name="scenario">Runs it.</param>
    /// <param name="path">The gateway's path for it.</param>
    /// <param name="connections">The option for the number of connections.</param>
    /// <param name="settings">The options it uses beside those.</param>
    public LoadCommand(string name, string description, IScenario scenario, string path, string connections, params string[] settings)
        : base(name, description)
    {
        _scenario = scenario;
        _url = new Option<Uri>("--url")
        {
            Description = "The gateway's WebSocket",
            DefaultValueFactory = _ => new Uri("ws://127.0.0.1:8080" + path),
            CustomParser = ReadUrl,
        };
        _connections = Positive(connections, "How many of them", 100);
        Add(_url);
        Add(_connections);
        foreach (var option in new Option[] { _publishUrl, _namespace, _messages, _bytes, _inFlight, _seconds }.Where(option => settings.Contains(option.Name)))
            Add(option);
        Add(_timeout);
        SetAction(RunAsync);
    }

    private static Uri? ReadUrl(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var url) && url.Scheme is "ws" or "wss")
            return url;
        result.AddError("--url must be a ws:// or wss:// URL.");
        return null;
    }

    private static Option<int> Positive(string name, string description, int value)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            // What is no number at all is refused by the parser.
            if (result.Tokens is [var token] && int.TryParse(token.Value, out int number) && number < 1)
                result.AddError($"{name} must be at least 1.");
        });
        return option;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var options = new LoadOptions(
            parsed.GetRequiredValue(_url), parsed.GetValue(_publishUrl) ?? parsed.GetRequiredValue(_url), parsed.GetValue(_namespace)!, parsed.GetValue(_connections), parsed.GetValue(_messages), parsed.GetValue(_bytes),
            parsed.GetValue(_inFlight), TimeSpan.FromSeconds(parsed.GetValue(_seconds)), TimeSpan.FromSeconds(parsed.GetValue(_timeout)));
        var problems = new Problems();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(options.Timeout);
        try
        {
            var result = await _scenario.RunAsync(options, problems, deadline.Token);
            AnsiConsole.Write(Table(result));
        }
        catch (LoadException failure)
        {
            problems.Add(failure.Message);
        }
        catch (OperationCanceledException)
        {
            problems.Add($"not finished within {options.Timeout.TotalSeconds:0} s");
        }
        foreach (string problem in problems.First)
            AnsiConsole.WriteLine(problem);
        AnsiConsole.WriteLine(problems.Count == 0 ? "ok: everything arrived, once and in order" : $"FAILED: {problems.Count} problems");
        return problems.Count == 0 ? 0 : 1;
    }

    private Table Table(LoadResult result)
    {
        var table = new Table().Border(TableBorder.Rounded);
        table.AddColumn("scenario");
        foreach (string heading in new[] { "connections", "messages", "messages/s", "p50 ms", "p99 ms", "max ms" })
            table.AddColumn(new TableColumn(heading).RightAligned());
        table.AddRow(
            Name, $"{result.Connections:N0}", $"{result.Messages:N0}", $"{result.Messages / result.Elapsed.TotalSeconds:N0}",
            Milliseconds(0.5), Milliseconds(0.99), Milliseconds(1));
        return table;

        string Milliseconds(double share) => $"{result.Latencies.Percentile(share).TotalMilliseconds:N2}";
    }
}
