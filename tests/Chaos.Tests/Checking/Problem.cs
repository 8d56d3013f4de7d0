namespace Gateway.Chaos.Tests.Checking;

/// <summary>The kinds of broken promises, as the report counts them.</summary>
internal enum ProblemKind
{
    /// <summary>One position of an epoch has two messages.</summary>
    TwoContents,

    /// <summary>A subscriber missed messages, or got some again, and was not told.</summary>
    Gap,

    /// <summary><c>recovered: true</c> to a subscriber whose messages are not what the channel has.</summary>
    FalseRecovery,

    /// <summary>A message came twice.</summary>
    Double,

    /// <summary>A publisher's messages changed their order.</summary>
    Order,

    /// <summary>A message came that nobody sent, or sent otherwise or elsewhere.</summary>
    Altered,

    /// <summary>A message came of which the publisher had been told that nothing was done.</summary>
    RefusedButDone,

    /// <summary>A message of a channel came outside of a subscription.</summary>
    Unsubscribed,

    /// <summary>An answer that the protocol does not have there.</summary>
    Protocol,

    /// <summary>A request was answered too late, or not at all.</summary>
    LateAnswer,

    /// <summary>A node that was asked to stop took too long.</summary>
    LateDrain,

    /// <summary>A node was not ready, or did not know the others, long after the last fault.</summary>
    NotReady,

    /// <summary>A question to all nodes did not reach one of them.</summary>
    Unreached,

    /// <summary>A channel did not flow long after the last fault.</summary>
    Silence,

    /// <summary>A subscriber's view of who is there was wrong long after the last fault.</summary>
    Presence,

    /// <summary>Subscribers and history did not agree about a channel's end.</summary>
    NotConverged,
}

/// <summary>A broken promise. Immutable.</summary>
/// <param name="Kind">Which.</param>
/// <param name="At">When it was noticed.</param>
/// <param name="Text">What was seen and what was due.</param>
/// <param name="Context">What came before it, a line each.</param>
internal sealed record Problem(ProblemKind Kind, long At, string Text, IReadOnlyList<string> Context);
