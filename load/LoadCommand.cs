using System.CommandLine;
using System.CommandLine.Parsing;
using Gateway.Load.Dialects;
using Gateway.Load.Engines;
using Gateway.Load.Measuring;
using Gateway.Load.Reports;
using Gateway.Load.Scenarios;
using Spectre.Console;

namespace Gateway.Load;

/// <summary>One scenario on the command line.</summary>
internal sealed class LoadCommand : Command
{
    private readonly ScenarioEntry _entry;
    private readonly Option<Uri> _url;
    private readonly Option<Uri?> _secondUrl = Url("--url2", "The other node's WebSocket", isRequired: true);
    private readonly Option<Uri?> _publishUrl = Url("--publish-url", "Where the publisher connects [default: --url]", isRequired: false);
    private readonly Option<string> _dialect;
    private readonly Option<string> _namespace;
    private readonly Option<int> _connections;
    private readonly Option<int> _channels;
    private readonly Option<int> _stalled;
    private readonly Option<int> _bytes;
    private readonly Option<int> _inFlight;
    private readonly Option<double> _rate;
    private readonly Option<int> _compress = new("--compress")
    {
        Description = "Percent of the clients that offer permessage-deflate; all without a number [default: 0]",
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = ReadPercent,
    };
    private readonly Option<double> _warmUp;
    private readonly Option<double> _seconds;
    private readonly Option<double> _minutes;
    private readonly Option<double> _timeout;
    private readonly Option<int> _threads;
    private readonly Option<DirectoryInfo?> _report = new("--report") { Description = "Folder for a JSON and an HTML report" };
    private readonly Option<int?> _process =
        new("--pid") { Description = "The server's process on this machine, whose CPU time and memory are reported" };
    private readonly Option<Uri?> _metrics =
        new("--metrics-url") { Description = "The node's /metrics, for the same from afar", CustomParser = ReadHttpUrl };
    private readonly Option<bool> _insecure = new("--insecure") { Description = "Accept any certificate" };
    private readonly Option<bool> _quiet = new("--quiet") { Description = "Print only the result" };
    private readonly Option<bool> _json = new("--json") { Description = "Print the result as JSON" };

    public LoadCommand(ScenarioEntry entry)
        : base(entry.Name, entry.Description)
    {
        _entry = entry;
        var defaults = entry.Defaults;
        _url = new Option<Uri>("--url")
        {
            Description = "The server's WebSocket",
            DefaultValueFactory = _ => defaults.Url,
            CustomParser = ReadUrl,
        };
        _namespace = new Option<string>("--namespace")
        {
            Description = "The namespace of the channels",
            DefaultValueFactory = _ => defaults.Namespace,
        };
        _connections = Number("--connections", "How many take part", defaults.Connections, 1);
        _channels = Number("--channels", "Channels, or rooms, they are shared out over", defaults.Channels, 1);
        _stalled = Number("--stalled", "Subscribers that stop reading", defaults.Stalled, 1);
        _bytes = Number("--bytes", "Bytes of each message's content", defaults.Bytes, Marker.Length);
        _inFlight = Number(
            "--in-flight", "Messages under way at a time where no rate is given; of echo, per connection", defaults.InFlight, 1);
        _rate = Number("--rate", "Messages sent a second, all together; 0: the next when one has arrived", defaults.Rate, 0);
        _warmUp = Number("--warmup", "Seconds before the measuring begins", defaults.WarmUp.TotalSeconds, 0);
        _seconds = Number("--seconds", "Seconds to measure", defaults.Duration.TotalSeconds, 0.1);
        _minutes = Number("--minutes", "Minutes to measure", defaults.Duration.TotalMinutes, 0.001);
        _timeout = Number("--timeout", "Seconds after which what has not arrived is lost", defaults.Timeout.TotalSeconds, 0.1);
        _threads = Number("--threads", "Event loops", defaults.Threads, 1);
        _dialect = new Option<string>("--dialect")
        {
            Description = "How the server wants to be spoken to",
            DefaultValueFactory = _ => DialectNames.Of(defaults.Dialect),
        };
        _dialect.AcceptOnlyFromAmong([.. DialectNames.All.Keys]);
        Add(_url);
        Option[] some = [_secondUrl, _publishUrl, _connections, _channels, _stalled, _inFlight, _rate, _minutes];
        foreach (var option in some.Where(option => entry.Settings.Contains(option.Name)))
            Add(option);
        Option[] all =
        [
            _namespace, _bytes, _compress, _warmUp, _timeout, _threads, _dialect, _process, _metrics, _insecure, _report, _quiet, _json,
        ];
        foreach (var option in all)
            Add(option);
        if (!entry.Settings.Contains(_minutes.Name))
            Add(_seconds);
        SetAction((parsed, _) => RunAsync(parsed));
    }

    /// <summary>The whole command line.</summary>
    public static RootCommand Root()
    {
        var root = new RootCommand(
            "Puts load on a gateway and checks what arrives. Exit code 1: something was lost, doubled, out of order, or closed early.");
        foreach (var scenario in Catalogue.All)
            root.Add(new LoadCommand(scenario));
        root.Add(new Crowds.CrowdCommand());
        return root;
    }

    private static Option<Uri?> Url(string name, string description, bool isRequired) =>
        new(name) { Description = description, Required = isRequired, CustomParser = ReadUrl };

    private static Uri? ReadUrl(ArgumentResult result) => ReadUrl(result, "ws", "wss");

    private static Uri? ReadHttpUrl(ArgumentResult result) => ReadUrl(result, "http", "https");

    private static Uri? ReadUrl(ArgumentResult result, params string[] schemes)
    {
        if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var url) && schemes.Contains(url.Scheme))
            return url;
        result.AddError($"{result.Tokens[0].Value} is not a {schemes[0]}:// or {schemes[1]}:// URL.");
        return null;
    }

    private static int ReadPercent(ArgumentResult result)
    {
        if (result.Tokens.Count == 0)
            return 100;
        if (!int.TryParse(result.Tokens[0].Value, out int percent) || percent is < 0 or > 100)
            result.AddError($"{result.Tokens[0].Value} is not a percentage.");
        return percent;
    }

    private static Option<T> Number<T>(string name, string description, T value, T lowest)
        where T : struct, IComparable<T>, IParsable<T>
    {
        var option = new Option<T>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            // What is no number at all is refused by the parser.
            if (result.Tokens is [var token] && T.TryParse(token.Value, null, out T number) && number.CompareTo(lowest) < 0)
                result.AddError($"{name} must be at least {lowest}.");
        });
        return option;
    }

    private LoadOptions Read(ParseResult parsed)
    {
        bool Has(Option option) => _entry.Settings.Contains(option.Name);
        return _entry.Defaults with
        {
            Url = parsed.GetRequiredValue(_url),
            SecondUrl = Has(_secondUrl) ? parsed.GetValue(_secondUrl) : Has(_publishUrl) ? parsed.GetValue(_publishUrl) : null,
            Dialect = DialectNames.All[parsed.GetValue(_dialect)!],
            Namespace = parsed.GetValue(_namespace)!,
            Connections = Has(_connections) ? parsed.GetValue(_connections) : _entry.Defaults.Connections,
            Channels = Has(_channels) ? parsed.GetValue(_channels) : _entry.Defaults.Channels,
            Stalled = Has(_stalled) ? parsed.GetValue(_stalled) : _entry.Defaults.Stalled,
            Bytes = parsed.GetValue(_bytes),
            InFlight = Has(_inFlight) ? parsed.GetValue(_inFlight) : _entry.Defaults.InFlight,
            Rate = Has(_rate) ? parsed.GetValue(_rate) : _entry.Defaults.Rate,
            Compress = parsed.GetValue(_compress),
            WarmUp = TimeSpan.FromSeconds(parsed.GetValue(_warmUp)),
            Duration = Has(_minutes) ? TimeSpan.FromMinutes(parsed.GetValue(_minutes)) : TimeSpan.FromSeconds(parsed.GetValue(_seconds)),
            Timeout = TimeSpan.FromSeconds(parsed.GetValue(_timeout)),
            Threads = parsed.GetValue(_threads),
            Report = parsed.GetValue(_report),
            Process = parsed.GetValue(_process),
            Metrics = parsed.GetValue(_metrics),
            IsInsecure = parsed.GetValue(_insecure),
            IsQuiet = parsed.GetValue(_quiet) || parsed.GetValue(_json),
            Tokens = Tokens.FromEnvironment(),
        };
    }

    private async Task<int> RunAsync(ParseResult parsed)
    {
        var options = Read(parsed);
        await using var run = new LoadRun(options);
        var scenario = _entry.Create(run);
#if NBOMBER
        return await NBomberEngine.RunAsync(_entry.Name, scenario, run);
#else
        using var metrics = options.Metrics is { } url ? new MetricsGauge(url) : null;
        IServerGauge? gauge = options.Process is { } process ? new ProcessGauge(process) : metrics;
        var view = new ConsoleView(AnsiConsole.Console);
        var report = await view.WatchAsync(
            Name, options.IsQuiet, progress => new BuiltInEngine(Name, scenario, run, gauge, progress).RunAsync());
        var page = options.Report is { } folder ? ReportFiles.Write(report, folder) : null;
        if (parsed.GetValue(_json))
            Console.WriteLine(ReportFiles.ToJson(report));
        else
            view.Show(report, page);
        return report.Problems.Count == 0 ? 0 : 1;
#endif
    }
}
