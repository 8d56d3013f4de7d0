namespace Gateway.Client;

/// <summary>A part of a channel's history. Immutable.</summary>
/// <typeparam name="T">The type that contents were read as.</typeparam>
/// <param name="Epoch">The epoch of all positions in the page.</param>
/// <param name="Messages">The messages in ascending order, whatever the direction of reading.</param>
/// <param name="More">Whether the history goes on in the direction of reading.</param>
public sealed record HistoryPage<T>(string Epoch, IReadOnlyList<Message<T>> Messages, bool More);
