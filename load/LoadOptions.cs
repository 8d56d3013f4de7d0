namespace Gateway.Load;

/// <summary>Immutable. What all scenarios are told on the command line.</summary>
/// <param name="Url">The gateway's WebSocket.</param>
/// <param name="PublishUrl">Where the publisher connects: the same, or another node.</param>
/// <param name="Namespace">The namespace of the channel.</param>
/// <param name="Connections">Clients that listen, echo or idle.</param>
/// <param name="Messages">Messages in all, or per connection, as the scenario says.</param>
/// <param name="Bytes">Padding in each message.</param>
/// <param name="InFlight">Messages on their way at a time.</param>
/// <param name="Duration">How long an idle connection is held.</param>
/// <param name="Timeout">After this the run has failed.</param>
internal sealed record LoadOptions(
    Uri Url, Uri PublishUrl, string Namespace, int Connections, int Messages, int Bytes, int InFlight, TimeSpan Duration, TimeSpan Timeout);
