namespace Gateway.Server.Backplane.Redis.PubSub;

/// <summary>A command that a <see cref="PubSubConnection"/> has sent and that waits for its answer.</summary>
/// <param name="expected">The kind of the answer when the command succeeds.</param>
/// <param name="channel">The channel of the command; null for none.</param>
internal sealed class PubSubCommand(PubSubReplyKind expected, PubSubChannel? channel)
{
    // A continuation must not run on the thread that reads.
    private readonly TaskCompletionSource<string?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PubSubChannel? Channel => channel;

    /// <summary>Completes with null when the command succeeded, or with the error.</summary>
    public Task<string?> Answered => _answer.Task;

    /// <summary>Whether a reply answers this command. Redis also sends some replies by itself.</summary>
    public bool IsAnsweredBy(in PubSubReply reply) =>
        reply.Kind == expected && (channel is null || reply.Channel.SequenceEqual(channel.Name));

    public void Answer(string? problem) => _answer.TrySetResult(problem);
}
