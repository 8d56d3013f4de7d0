namespace Gateway.Server.Api.Description;

/// <summary>Never made: describes a part of a history.</summary>
internal sealed record HistoryReply(string Type, string Channel, string Epoch, IReadOnlyList<HistoryMessage> Messages, bool More);
