namespace Gateway.Client;

/// <summary>
/// A request that the gateway answers, and that is sent again until it is answered. Its <see cref="RequestQueue"/> guards it, except for
/// the answer, which any thread may await.
/// </summary>
/// <param name="id">The request's id, which the gateway returns with the answer.</param>
/// <param name="frame">The message to send.</param>
/// <param name="changes">Whether the request does more than read.</param>
/// <param name="unechoed">The channel that the request publishes to without echo. Null for any other request.</param>
/// <param name="isBinary">Whether the message is a binary one.</param>
internal sealed class Request(long id, byte[] frame, bool changes, string? unechoed = null, bool isBinary = false)
{
    private readonly TaskCompletionSource<ServerMessage> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long Id => id;

    public byte[] Frame => frame;

    public bool IsBinary => isBinary;

    /// <summary>The clock's timestamp of the first sending. Null before it.</summary>
    public long? Sent { get; set; }

    /// <summary>
    /// Whether the request may have been done: it was sent and not answered, because the connection was lost or the gateway got no answer
    /// from the backplane.
    /// </summary>
    public bool IsUncertain { get; set; }

    public bool Changes => changes;

    public string? Unechoed => unechoed;

    public Task<ServerMessage> Answer => _answer.Task;

    public void Settle(ServerMessage answer) => _answer.TrySetResult(answer);

    public void Fail(GatewayException failure) => _answer.TrySetException(failure);

    public void Cancel(CancellationToken token) => _answer.TrySetCanceled(token);
}
