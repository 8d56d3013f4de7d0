using System.Text.Json;

namespace Gateway.Chaos.Tests.Checking;

/// <summary>
/// One subscriber in one channel, as its documented state: where it is, and what it may be told next. For one thread. It knows at every
/// moment what the next message has to be, and says so where another comes.
/// </summary>
internal sealed class Follower(Ledger ledger, string subscriber, string channel, bool hasHistory)
{
    private const int NotesKept = 14;
    private readonly Queue<Note> _notes = new(NotesKept);
    private readonly Dictionary<int, PublisherMarks> _publishers = [];
    private Position? _asked;
    private bool _isSubscribed;

    public string Channel => channel;

    public bool HasHistory => hasHistory;

    /// <summary>Where it is; null before its first subscription, and without history.</summary>
    public Position? Position { get; private set; }

    public bool IsSubscribed => _isSubscribed;

    /// <summary>The message that came last.</summary>
    public MessageId Newest { get; private set; }

    /// <summary>It goes on where it is, if it was somewhere.</summary>
    /// <returns>The position to recover from.</returns>
    public Position? Asking()
    {
        _asked = Position;
        Remember(_asked is null ? "asks to subscribe" : "asks to recover from", _asked);
        return _asked;
    }

    /// <summary>It starts as if it had never been there.</summary>
    public void Forget()
    {
        Position = null;
        StartOver();
    }

    /// <summary><c>subscribed</c> came.</summary>
    public void Subscribed(string? epoch, long? seq, bool? recovered) =>
        ledger.Locked(static at => at.Self.Take(at.epoch, at.seq, at.recovered), (Self: this, epoch, seq, recovered));

    /// <summary>A <c>message</c> came.</summary>
    public void Received(long? seq, JsonElement content) =>
        ledger.Locked(static at => at.Self.Take(at.seq, at.content), (Self: this, seq, content));

    /// <summary><c>unsubscribed</c> came, or the connection is gone.</summary>
    public void Ended(string how)
    {
        _isSubscribed = false;
        Remember(how, null);
    }

    private void Take(string? epoch, long? seq, bool? recovered)
    {
        var asked = _asked;
        Remember(recovered switch { null => "subscribed", true => "subscribed recovered: true", false => "subscribed recovered: false" },
            epoch is null ? null : new Position(epoch, seq ?? -1));
        _isSubscribed = true;
        if (!hasHistory)
        {
            StartOver();
            return;
        }
        if (epoch is null || seq is not { } top || (asked is not null) != (recovered is not null))
        {
            string after = asked is null ? "a plain subscribe" : "recover";
            Report(ProblemKind.Protocol, $"subscribed with epoch '{epoch}', seq {seq}, recovered {recovered} after {after}");
            return;
        }
        if (asked is { } from && recovered == true)
        {
            if (top < from.Seq)
                Report(ProblemKind.FalseRecovery, $"recovered: true from {from} at a channel that is at {epoch}/{top}");
            if (from.Epoch != epoch)
                ledger.Link(channel, new EpochLink(from, epoch, subscriber, ledger.Clock.Now));
            Position = new Position(epoch, from.Seq);
            return;
        }
        if (recovered == false)
            ledger.ToldLoss();
        StartOver();
        Position = new Position(epoch, top);
    }

    private void Take(long? seq, JsonElement content)
    {
        var sent = ledger.Find(subscriber, channel, content);
        Remember("got", seq is { } number && Position is { } known ? known with { Seq = number } : null, sent?.Id ?? default);
        ledger.Delivered(isChecked: hasHistory);
        if (!_isSubscribed)
            Report(ProblemKind.Unsubscribed, $"got a message without a subscription, seq {seq}");
        if ((seq is not null) != hasHistory)
            Report(ProblemKind.Protocol, $"got a message {(seq is null ? "without" : "with")} seq");
        else if (seq is { } at)
            Advance(at, sent);
        if (sent is null)
            return;
        Newest = sent.Id;
        CheckPublisher(sent);
    }

    private void Advance(long seq, SentMessage? sent)
    {
        if (Position is not { } before)
            return;
        Position = before with { Seq = seq };
        if (seq != before.Seq + 1)
            Report(ProblemKind.Gap, $"got seq {seq} where {before.Seq + 1} was due in epoch {before.Epoch}");
        if (sent is not null)
            ledger.Place(sent, before with { Seq = seq }, subscriber);
    }

    private void CheckPublisher(SentMessage sent)
    {
        if (!_publishers.TryGetValue(sent.Id.Publisher, out var marks))
            _publishers.Add(sent.Id.Publisher, marks = new PublisherMarks());
        // Without history nothing tells a key that Redis has lost from one that it still has.
        bool mayRepeat = !hasHistory && sent.Attempts > 1 && sent.StoreLosses != ledger.StoreLosses;
        if (!marks.Add(sent.Id.Number) && !mayRepeat)
            Report(ProblemKind.Double, $"got {sent.Id}, sent {sent.Attempts} times, once more");
        // What was sent again may come later than what was sent after it.
        if (sent.Attempts > 1)
            return;
        if (marks.Newest.Connection == sent.Connection && marks.Newest.Number > sent.Id.Number)
            Report(ProblemKind.Order, $"got {sent.Id} after number {marks.Newest.Number} of the same connection");
        else
            marks.Newest = (sent.Id.Number, sent.Connection);
    }

    private void StartOver()
    {
        foreach (var marks in _publishers.Values)
            marks.Forget();
    }

    private void Remember(string what, Position? position, MessageId message = default)
    {
        if (_notes.Count == NotesKept)
            _notes.Dequeue();
        _notes.Enqueue(new Note(ledger.Clock.Now, what, position ?? default, message));
    }

    private void Report(ProblemKind kind, string text) =>
        ledger.Add(kind, subscriber, $"{subscriber} in {channel} {text}", () => [.. _notes.Select(note => note.ToString())]);
}
