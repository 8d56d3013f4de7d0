namespace Gateway.TestSupport;

/// <summary>A client expected a message, and its connection was closed instead.</summary>
public sealed class ClosedException(string message) : InvalidOperationException(message);
