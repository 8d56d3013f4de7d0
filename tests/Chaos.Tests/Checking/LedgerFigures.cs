namespace Gateway.Chaos.Tests.Checking;

/// <summary>What a ledger has counted. Immutable.</summary>
internal sealed record LedgerFigures
{
    /// <summary>Messages, however often each was sent.</summary>
    public long Sent { get; init; }

    /// <summary>Attempts answered with <c>ack</c>.</summary>
    public long Acknowledged { get; init; }

    /// <summary>Attempts answered with an error that says that nothing was done.</summary>
    public long Refused { get; init; }

    /// <summary>Attempts without an answer, or with one that leaves it open.</summary>
    public long Unanswered { get; init; }

    /// <summary>Messages received by all subscribers together.</summary>
    public long Deliveries { get; init; }

    /// <summary>Those of them that had a seq, and so were held against everybody else's.</summary>
    public long Checked { get; init; }

    /// <summary>Messages read as history.</summary>
    public long Read { get; init; }

    /// <summary>How often a subscriber was told that it had lost messages.</summary>
    public long ToldLosses { get; init; }

    /// <summary>Messages that Redis acknowledged and lost before anybody got them, seen because another one has their position.</summary>
    public long LostUnseen { get; init; }

    /// <summary>Epochs of all channels together.</summary>
    public long Epochs { get; init; }
}
