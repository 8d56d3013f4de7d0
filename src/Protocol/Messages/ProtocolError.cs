namespace Gateway.Protocol.Messages;

/// <summary>An error as a client sees it. Immutable.</summary>
/// <param name="Code">The code for programs: one of <see cref="ErrorCode"/>.</param>
/// <param name="Message">The sentence for people, free of internal names.</param>
internal readonly record struct ProtocolError(string Code, string Message);
