namespace Gateway.Server.Backplane;

/// <summary>
/// What the settings name as the backplane is there and can never be one. The message says what it is, and why it cannot.
/// </summary>
internal sealed class UnusableBackplaneException(string problem) : Exception(problem);
