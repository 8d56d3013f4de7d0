namespace Gateway.Load.Scenarios;

/// <summary>
/// A moderate mix for a long time: rooms with visitors, and a channel that all of a second set of connections listen to.
/// The report shows whether latency or memory grow.
/// </summary>
internal sealed class SoakScenario(LoadRun run) : IScenario
{
    /// <summary>One step in so many is a message to everybody.</summary>
    private const int Broadcasts = 20;

    private readonly ChatScenario _chat = new(run);
    private readonly FanOutScenario _news = new(run, [run.Options.Url], [run.Options.Url]);

    public string Measures => "delivery";

    public int Users => _chat.Users + (_chat.Users / Broadcasts) + 1;

    public int? StepsEach => null;

    public async Task PrepareAsync()
    {
        await _chat.PrepareAsync();
        await _news.PrepareAsync();
    }

    public ValueTask StepAsync(int user, long due) => user < _chat.Users ? _chat.StepAsync(user, due) : _news.StepAsync(0, due);

    public async Task FinishAsync()
    {
        await _chat.FinishAsync();
        await _news.FinishAsync();
    }
}
