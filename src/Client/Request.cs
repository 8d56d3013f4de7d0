namespace Gateway.Client;

/// <summary>Guarded by its <see cref="RequestQueue"/>, but for the answer, which anybody may await. Something the gateway answers, and that may be sent again until it does.</summary>
/// <param name="id">Given to the gateway, which returns it.</param>
/// <param name="frame">What is sent.</param>
/// <param name="changes">Whether it does more than read.</param>
/// <param name="unechoed">The channel that it publishes to without echo; null for all else.</param>
internal sealed class Request(long id, byte[] frame, bool changes, string? unechoed = null)
{
    private readonly TaskCompletionSource<ServerMessage> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long Id => id;

    public byte[] Frame => frame;

    /// <summary>When it was sent first, by the clock's timestamps; null if never.</summary>
    public long? Sent { get; set; }

    /// <summary>It was sent and not answered, because the connection was lost or the gateway got no answer itself: it may have been done.</summary>
    public bool IsUncertain { get; set; }

    public bool Changes => changes;

    public string? Unechoed => unechoed;

    public Task<ServerMessage> Answer => _answer.Task;

    public void Settle(ServerMessage answer) => _answer.TrySetResult(answer);

    public void Fail(GatewayException failure) => _answer.TrySetException(failure);

    public void Cancel(CancellationToken token) => _answer.TrySetCanceled(token);
}
