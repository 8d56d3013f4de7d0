using System.CommandLine;
using Gateway.Chaos.Tests.Run;

// The tests, as the runner starts them; or one long run: chaos --seconds 600 --seed 7
if (args is not ["chaos", .. var rest])
    return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);

var seconds = new Option<double>("--seconds") { Description = "How long faults come", DefaultValueFactory = _ => 60 };
var seed = new Option<int?>("--seed") { Description = "Which faults come [default: another each time]" };
var only = new Option<string>("--only") { Description = "The faults whose names begin so [default: all]", DefaultValueFactory = _ => "" };
var logs = new Option<DirectoryInfo?>("--logs") { Description = "A folder for the nodes' logs" };
var command = new RootCommand("Three nodes, Redis, and one fault after the other. Exit code 1: a promise was broken.")
{
    seconds, seed, only, logs,
};
command.SetAction(async (parsed, _) =>
{
    var folder = parsed.GetValue(logs);
    folder?.Create();
    var report = await ChaosRun.RunAsync(new ChaosOptions
    {
        Seed = parsed.GetValue(seed) ?? Random.Shared.Next(1, 1_000_000),
        Duration = TimeSpan.FromSeconds(parsed.GetValue(seconds)),
        Only = parsed.GetValue(only)!,
        Listener = Console.Error.WriteLine,
        LogFolder = folder?.FullName,
    });
    Console.Write(report);
    return report.IsClean ? 0 : 1;
});
return await command.Parse(rest).InvokeAsync();
