namespace Gateway.Chaos.Tests.Faults;

/// <summary>Something that goes wrong and is over when its task is. Immutable.</summary>
/// <param name="Name">Its kind, then what is particular: <c>redis pause</c>.</param>
/// <param name="RunAsync">Does it and undoes it.</param>
internal sealed record Fault(string Name, Func<Task> RunAsync);
