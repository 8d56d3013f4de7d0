using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>
/// A request that the client did not send itself, in turn with those that it did: the API's, or a subscription to begin with.
/// </summary>
internal sealed class PostedRequest : ChannelRequest
{
    private readonly Func<PostedRequest, ValueTask<bool>> _work;
    private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="channel">The channel.</param>
    /// <param name="cost">What the request may cost.</param>
    /// <param name="work">Does it, and says whether it was done.</param>
    public PostedRequest(ChannelName channel, int cost, Func<PostedRequest, ValueTask<bool>> work)
    {
        Channel = channel;
        Cost = cost;
        _work = work;
    }

    /// <summary>Whether the request was done. Never completes where it failed: the connection is closed then.</summary>
    public Task<bool> Done => _done.Task;

    public override int Cost { get; }

    public override async ValueTask RunAsync(ChannelSession session) => _done.SetResult(await _work(this).ConfigureAwait(false));

    /// <summary>It looks by itself whether it is too late.</summary>
    public override ValueTask RunInTurnAsync(ChannelSession session) => RunAsync(session);
}
