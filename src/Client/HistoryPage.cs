namespace Gateway.Client;

/// <summary>Immutable. A part of a channel's history.</summary>
/// <typeparam name="T">What the messages' contents were read as.</typeparam>
/// <param name="Epoch">The epoch of all positions in it.</param>
/// <param name="Messages">In ascending order, whatever the direction of reading.</param>
/// <param name="More">Whether there are others in the direction of reading.</param>
public sealed record HistoryPage<T>(string Epoch, IReadOnlyList<Message<T>> Messages, bool More);
