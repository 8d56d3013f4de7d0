namespace Gateway.Tests;

/// <summary>Tests that measure the whole process. They run when all others have ended, one after the other.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;
