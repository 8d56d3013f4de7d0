namespace Gateway.Load;

/// <summary>Ends one client's part of a run.</summary>
internal sealed class LoadException(string message) : Exception(message);
