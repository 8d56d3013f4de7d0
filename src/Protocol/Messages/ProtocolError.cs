namespace Gateway.Protocol.Messages;

/// <summary>An error as a client sees it; an immutable value.</summary>
/// <param name="Code">One of <see cref="ErrorCode"/>, for programs.</param>
/// <param name="Message">A sentence for people, free of internal names.</param>
public readonly record struct ProtocolError(string Code, string Message);
