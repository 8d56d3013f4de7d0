namespace Gateway.Load.Dialects;

/// <summary>The dialects by their names on the command line. Immutable.</summary>
internal static class DialectNames
{
    public static IReadOnlyDictionary<string, IDialect> All { get; } = new Dictionary<string, IDialect>
    {
        ["gateway"] = JsonDialect.Gateway,
        ["plain"] = JsonDialect.Plain,
        ["signalr"] = SignalRDialect.Instance,
        ["socketio"] = SocketIoDialect.Instance,
    };

    public static string Of(IDialect dialect) => All.First(entry => entry.Value == dialect).Key;
}
