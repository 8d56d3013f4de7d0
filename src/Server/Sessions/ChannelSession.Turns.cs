using Gateway.Server.Clock;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <content>
/// The order in which requests are done. One that can be answered at once is. One that has to wait for the backplane goes on beside the
/// read loop, and only requests for the same channel wait for it; so a ping is answered, and other channels are served, while one Redis is
/// silent.
/// </content>
internal sealed partial class ChannelSession
{
    /// <summary>Null until the backplane takes its time for the first.</summary>
    private PendingRequests? _pending;

    /// <summary>The time by which requests count how long they have waited.</summary>
    public long Milliseconds => Services.Time.GetMilliseconds();

    private PendingRequests Pending
    {
        get
        {
            if (_pending is null)
                Volatile.Write(ref _pending, new PendingRequests(this));
            return _pending;
        }
    }

    /// <summary>Does a request: at once, unless something of its channel is under way.</summary>
    /// <param name="channel">The channel's name in UTF-8, as the client wrote it.</param>
    /// <param name="request">The request.</param>
    /// <returns>Completes when the client may send more.</returns>
    public ValueTask Do(ReadOnlySpan<byte> channel, ChannelRequest request)
    {
        if (MustSignIn)
        {
            Refuse(SessionError.SignInFirst, request.Id, channel);
            return default;
        }
        if (NameOf(channel, out string problem) is not { } name)
        {
            Refuse(request.InvalidChannel(problem), request.Id, channel);
            return default;
        }
        request.Channel = name;
        return request.BeginAsync(this);
    }

    /// <summary>Does a request whose channel is known.</summary>
    public void Begin(ChannelRequest request)
    {
        request.Asked = Milliseconds;
        if (_pending?.BusyLane(request.Channel.Utf8, isPublish: false) is { } lane)
        {
            _pending.Enqueue(lane, request);
            return;
        }
        var running = request.RunAsync(this);
        if (!running.IsCompletedSuccessfully)
            Pending.Add(request, running);
    }

    /// <summary>
    /// Completes at once unless too much is under way. A read loop that reads no more meanwhile has its client wait, by TCP.
    /// </summary>
    public ValueTask WaitForCapacityAsync() => _pending is { IsFull: true } pending ? pending.WaitForCapacityAsync() : default;

    /// <summary>
    /// Completes when nothing of the channel is under way that a request has to wait for. The client is not read meanwhile.
    /// </summary>
    public ValueTask TurnAsync(ChannelName channel, bool isPublish) =>
        _pending?.BusyLane(channel.Utf8, isPublish) is { } lane ? _pending.TurnAsync(lane, isPublish) : default;

    /// <summary>Completes when all that is under way is answered.</summary>
    public ValueTask DoneAsync() => _pending?.DoneAsync() ?? default;

    /// <summary>The client is leaving: completes when its publishes are answered, and all else has come to an end.</summary>
    public ValueTask FinishAsync()
    {
        if (_pending is null)
            return default;
        // Nothing has to begin any more.
        Subscriptions.Close();
        return DoneAsync();
    }

    /// <summary>The gateway ends the connection: completes when what was published is answered.</summary>
    public ValueTask AnswerPublishesAsync() => _pending?.PublishesDoneAsync() ?? default;

    /// <summary>The connection is about to close: nothing holds up the read loop any more. From any thread.</summary>
    public void OnClosing() => Volatile.Read(ref _pending)?.ReleaseReader();
}
