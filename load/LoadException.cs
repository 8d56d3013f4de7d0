namespace Gateway.Load;

/// <summary>Ends a step, or the run: what the user is told.</summary>
internal sealed class LoadException(string message) : Exception(message);
