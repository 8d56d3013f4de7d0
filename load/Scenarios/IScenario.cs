namespace Gateway.Load.Scenarios;

/// <summary>
/// Prepared and finished by one thread; steps may run at the same time, on any. One kind of load, written once for every engine: who takes
/// part, what a step is, and what must hold at the end. When steps are made, and how often, is the engine's business.
/// </summary>
internal interface IScenario
{
    /// <summary>The series that its result is about.</summary>
    string Measures { get; }

    /// <summary>
    /// The number of steps that may be under way at a time: each user makes one after the other. The options alone decide it.
    /// </summary>
    int Users { get; }

    /// <summary>The number of steps that each user makes. Null for as many as there is time.</summary>
    int? StepsEach { get; }

    /// <summary>Connects and subscribes all who take part.</summary>
    Task PrepareAsync();

    /// <summary>One step of a user.</summary>
    /// <param name="user">From 0.</param>
    /// <param name="due">When it was to begin, in ticks of the <see cref="System.Diagnostics.Stopwatch"/>.</param>
    ValueTask StepAsync(int user, long due);

    /// <summary>Called when all steps are done: checks what must hold.</summary>
    Task FinishAsync();
}
