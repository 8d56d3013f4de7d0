using System.Diagnostics.Metrics;

namespace Gateway.Client;

/// <summary>The meter <c>Gateway.Client</c>, which counts for all clients of the process together. Safe for any thread.</summary>
internal static class ClientMetrics
{
    public const string Name = "Gateway.Client";

    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Connects =
        Meter.CreateCounter<long>("gateway.client.connects", "{connection}", "Connections that opened and signed in.");

    private static readonly Counter<long> Disconnects =
        Meter.CreateCounter<long>("gateway.client.disconnects", "{connection}", "Connections that ended, by close code; 0 without one.");

    private static readonly Counter<long> FailedConnects =
        Meter.CreateCounter<long>("gateway.client.connects.failed", "{attempt}", "Attempts to connect that failed.");

    private static readonly Counter<long> MessagesReceived =
        Meter.CreateCounter<long>("gateway.client.messages.received", "{message}", "Messages of channels that were received.");

    private static readonly Counter<long> MessagesDropped =
        Meter.CreateCounter<long>(
            "gateway.client.messages.dropped",
            "{message}",
            "Messages dropped because a subscription without history was not read in time.");

    private static readonly Counter<long> RequestsRefused =
        Meter.CreateCounter<long>("gateway.client.requests.refused", "{request}", "Requests refused because the queue was full.");

    private static readonly Counter<long> Recoveries =
        Meter.CreateCounter<long>(
            "gateway.client.recoveries",
            "{recovery}",
            "Subscriptions taken up again with history, by whether it reached back far enough.");

    public static void Connected() => Connects.Add(1);

    public static void Ended(int? closeCode) => Disconnects.Add(1, new KeyValuePair<string, object?>("code", closeCode ?? 0));

    public static void FailedToConnect() => FailedConnects.Add(1);

    public static void Received() => MessagesReceived.Add(1);

    public static void Dropped() => MessagesDropped.Add(1);

    public static void Refused() => RequestsRefused.Add(1);

    public static void Recovered(bool recovered) => Recoveries.Add(1, new KeyValuePair<string, object?>("recovered", recovered));
}
