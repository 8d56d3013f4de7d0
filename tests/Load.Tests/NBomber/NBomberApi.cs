// What load/Engines/NBomberEngine.cs uses of NBomber 6, as https://nbomber.com/docs has it, so that the adapter is compiled and run here.
// It keeps a scenario's copies going for a time; whatever else NBomber does, it does not.
#pragma warning disable IDE0130 // The namespaces are NBomber's.

namespace NBomber.Contracts
{
    public interface IResponse
    {
        bool IsError { get; }
    }

    public interface IScenarioContext;

    public interface IScenarioInitContext;

    public sealed record Response<T>(bool IsError, string Message, int SizeBytes) : IResponse;

    public sealed record LoadSimulation(int Copies, TimeSpan During);

    public sealed record ScenarioProps(string ScenarioName, Func<IScenarioContext, Task<IResponse>> Run)
    {
        public Func<IScenarioInitContext, Task>? Init { get; init; }

        public Func<IScenarioInitContext, Task>? Clean { get; init; }

        public IReadOnlyList<LoadSimulation> LoadSimulations { get; init; } = [];
    }

    public sealed record NBomberContext(IReadOnlyList<ScenarioProps> Scenarios);
}

namespace NBomber.CSharp
{
    using NBomber.Contracts;

    public static class Response
    {
        public static Response<object> Ok(string statusCode = "", int sizeBytes = 0, string message = "", double latencyMs = 0) =>
            new(false, message, sizeBytes);

        public static Response<object> Fail(string statusCode = "", string message = "", int sizeBytes = 0, double latencyMs = 0) =>
            new(true, message, sizeBytes);
    }

    public static class Step
    {
        public static Task<Response<T>> Run<T>(string name, IScenarioContext context, Func<Task<Response<T>>> run) => run();
    }

    public static class Simulation
    {
        public static LoadSimulation KeepConstant(int copies, TimeSpan during) => new(copies, during);

        public static LoadSimulation IterationsForConstant(int copies, int iterations) => new(copies, TimeSpan.Zero);

        public static LoadSimulation Inject(int rate, TimeSpan interval, TimeSpan during) => new(1, during);
    }

    public static class Scenario
    {
        public static ScenarioProps Create(string name, Func<IScenarioContext, Task<IResponse>> run) => new(name, run);

        public static ScenarioProps WithInit(this ScenarioProps scenario, Func<IScenarioInitContext, Task> initFunc) =>
            scenario with { Init = initFunc };

        public static ScenarioProps WithClean(this ScenarioProps scenario, Func<IScenarioInitContext, Task> cleanFunc) =>
            scenario with { Clean = cleanFunc };

        public static ScenarioProps WithWarmUpDuration(this ScenarioProps scenario, TimeSpan duration) => scenario;

        public static ScenarioProps WithoutWarmUp(this ScenarioProps scenario) => scenario;

        public static ScenarioProps WithLoadSimulations(this ScenarioProps scenario, params LoadSimulation[] loadSimulations) =>
            scenario with { LoadSimulations = loadSimulations };
    }

    public static class NBomberRunner
    {
        public static NBomberContext RegisterScenarios(params ScenarioProps[] scenarios) => new(scenarios);

        public static NBomberContext WithReportFolder(this NBomberContext context, string reportFolderPath) => context;

        public static object Run(this NBomberContext context)
        {
            foreach (var scenario in context.Scenarios)
                RunAsync(scenario).GetAwaiter().GetResult();
            return context;
        }

        private static async Task RunAsync(ScenarioProps scenario)
        {
            await scenario.Init!(null!);
            foreach (var simulation in scenario.LoadSimulations)
            {
                long end = Environment.TickCount64 + (long)simulation.During.TotalMilliseconds;
                await Task.WhenAll(Enumerable.Range(0, simulation.Copies).Select(_ => RepeatAsync(scenario, end)));
            }
            await scenario.Clean!(null!);
        }

        private static async Task RepeatAsync(ScenarioProps scenario, long end)
        {
            while (!(await scenario.Run(null!)).IsError && Environment.TickCount64 < end)
            {
            }
        }
    }
}
