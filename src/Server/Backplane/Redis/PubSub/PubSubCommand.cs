namespace Gateway.Server.Backplane.Redis.PubSub;

/// <summary>Of one <see cref="PubSubConnection"/>. A command that was sent and waits for its answer.</summary>
/// <param name="expected">The kind of the answer where it succeeds.</param>
/// <param name="channel">The channel it is about; null for none.</param>
internal sealed class PubSubCommand(PubSubReplyKind expected, PubSubChannel? channel)
{
    // What waits for an answer must not run on the thread that reads.
    private readonly TaskCompletionSource<string?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PubSubChannel? Channel => channel;

    /// <summary>Null when it was done, or why not.</summary>
    public Task<string?> Answered => _answer.Task;

    /// <summary>Whether a reply that may have come by itself answers this.</summary>
    public bool IsAnsweredBy(in PubSubReply reply) => reply.Kind == expected && (channel is null || reply.Channel.SequenceEqual(channel.Name));

    public void Answer(string? problem) => _answer.TrySetResult(problem);
}
