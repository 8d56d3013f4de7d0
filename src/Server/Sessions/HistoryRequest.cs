using Gateway.Server.Auth;
using Gateway.Server.Backplane;

namespace Gateway.Server.Sessions;

/// <summary>A client's request for a part of a channel's history.</summary>
internal sealed class HistoryRequest : ChannelRequest
{
    private const int DefaultLimit = 100;

    /// <summary>Content bytes of one answer; <see cref="HistoryPage.More"/> tells the client to ask on.</summary>
    private const int MaxBytes = 256 * 1024;

    /// <summary>Only messages with a greater seq, oldest first; null to read backwards from the end.</summary>
    public long? After { get; init; }

    /// <summary>Only messages with a smaller seq; null for the newest.</summary>
    public long? Before { get; init; }

    /// <summary>Messages at most; null for as many as usual.</summary>
    public int? Limit { get; init; }

    /// <summary>A sixteenth of the content: four such requests are begun at a time.</summary>
    public override int Cost => MaxBytes / 16;

    public override ValueTask RunAsync(ChannelSession session)
    {
        if (!session.MayRead(Channel, ChannelOperations.History))
            session.Refuse(SessionError.Forbidden, Id, Channel.Utf8);
        else if (!Channel.Namespace.Rules.HasHistory)
            session.Refuse(SessionError.NoHistory, Id, Channel.Utf8);
        else
            return ReadAsync(session);
        return default;
    }

    private async ValueTask ReadAsync(ChannelSession session)
    {
        var query = new HistoryQuery(After, Before, Limit ?? DefaultLimit, MaxBytes);
        if (await session.Services.Backplane.ReadAsync(Channel, query).ConfigureAwait(false) is { } page)
            session.Replies.History(Channel, Id, page);
        else
            session.Refuse(SessionError.Unavailable, Id, Channel.Utf8);
    }
}
