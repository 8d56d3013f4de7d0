using System.Collections.Concurrent;
using System.Diagnostics;
using Gateway.Load.Scenarios;
using NBomber.CSharp;

namespace Gateway.Load.Engines;

/// <summary>
/// Used once. Has NBomber make the steps, and report on them; compiled only with <c>-p:NBomber=true</c>. What must hold is checked all the
/// same.
/// </summary>
internal static class NBomberEngine
{
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string name, IScenario scenario, LoadRun run)
    {
        // Which copy of a scenario runs is NBomber's affair: each takes a user that no other has.
        var users = new ConcurrentQueue<int>();
        var options = run.Options;
        var plan = Scenario.Create(name, async context =>
            {
                if (!users.TryDequeue(out int user))
                    return Response.Fail(message: "too many steps are under way");
                var step = await Step.Run(scenario.Measures, context, async () =>
                {
                    try
                    {
                        await scenario.StepAsync(user, Stopwatch.GetTimestamp());
                        return Response.Ok(sizeBytes: options.Bytes);
                    }
                    catch (Exception failure) when (failure is LoadException or OperationCanceledException)
                    {
                        run.Problems.Add(failure.Message);
                        return Response.Fail(message: failure.Message);
                    }
                    finally
                    {
                        users.Enqueue(user);
                    }
                });
                return step;
            })
            .WithInit(async _ =>
            {
                await scenario.PrepareAsync();
                // With a rate, a user's steps may overlap.
                for (int i = 0; i < (options.Rate > 0 ? Math.Max(LoadRun.MaxInFlight, scenario.Users) : scenario.Users); i++)
                    users.Enqueue(i % scenario.Users);
            })
            .WithClean(async _ =>
            {
                try
                {
                    await scenario.FinishAsync();
                }
                catch (LoadException failure)
                {
                    // NBomber would only log it.
                    run.Problems.Add(failure.Message);
                }
            })
            .WithLoadSimulations((scenario.StepsEach, options.Rate) switch
            {
                ({ } steps, _) => Simulation.IterationsForConstant(copies: scenario.Users, iterations: scenario.Users * steps),
                (null, > 0) => Simulation.Inject(
                    rate: (int)Math.Ceiling(options.Rate), interval: TimeSpan.FromSeconds(1), during: options.Duration),
                _ => Simulation.KeepConstant(copies: scenario.Users, during: options.Duration),
            });
        var runner = NBomberRunner.RegisterScenarios(
            options.WarmUp > TimeSpan.Zero ? plan.WithWarmUpDuration(options.WarmUp) : plan.WithoutWarmUp());
        if (options.Report is { } folder)
            runner = runner.WithReportFolder(folder.FullName);
        await Task.Run(() => runner.Run());
        foreach (string problem in run.Problems.First)
            Console.WriteLine(problem);
        return run.Problems.Count == 0 ? 0 : 1;
    }
}
