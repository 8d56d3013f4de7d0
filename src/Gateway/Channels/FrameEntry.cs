namespace Gateway.Channels;

/// <summary>Immutable. Where one frame stands in its <see cref="FrameBatch"/>, and who must not get it.</summary>
/// <param name="Start">Offset of the frame's first byte, header included.</param>
/// <param name="Length">Bytes of the whole frame.</param>
/// <param name="Seq">The message's seq; 0 without history.</param>
/// <param name="Except">Id of the connection that published with <c>echo: false</c>; null for none.</param>
/// <param name="PresenceVersion">For a presence change, the newest version it covers: subscribers whose snapshot is as new skip it. 0 for messages.</param>
internal readonly record struct FrameEntry(int Start, int Length, long Seq, string? Except, long PresenceVersion)
{
    /// <summary>Whether this frame is for the subscription, which the batch as a whole already is.</summary>
    public bool IsFor(Subscription subscription) =>
        (Seq == 0 || Seq > subscription.StartSeq) &&
        (PresenceVersion == 0 || PresenceVersion > subscription.PresenceVersion) &&
        (Except is null || Except != subscription.Subscriber.Id);
}
