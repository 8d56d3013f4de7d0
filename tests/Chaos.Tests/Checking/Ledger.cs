using System.Text.Json;

namespace Gateway.Chaos.Tests.Checking;

/// <summary>
/// What was sent, answered, received and read, held against each other as it happens. Safe for any thread. Publishers tell it before they
/// send and when they are answered; each subscription has a <see cref="Follower"/>.
/// </summary>
internal sealed class Ledger(RunClock clock, Problems problems)
{
    /// <summary>Documented are five minutes; a message that was first sent earlier than this may come again.</summary>
    private const int KeyMilliseconds = 280_000;

    /// <summary>The source of what only the publisher has heard of.</summary>
    private const string Ack = "the ack";

    private readonly Lock _gate = new();
    private readonly Dictionary<MessageId, SentMessage> _sent = [];
    private readonly Dictionary<string, ChannelRecord> _channels = [];
    private int _storeLosses;
    private long _acknowledged;
    private long _refused;
    private long _unanswered;
    private long _deliveries;
    private long _checked;
    private long _read;
    private long _toldLosses;
    private long _lostUnseen;

    public RunClock Clock => clock;

    public LedgerFigures Figures
    {
        get
        {
            lock (_gate)
            {
                return new LedgerFigures
                {
                    Sent = _sent.Count,
                    Acknowledged = _acknowledged,
                    Refused = _refused,
                    Unanswered = _unanswered,
                    Deliveries = _deliveries,
                    Checked = _checked,
                    Read = _read,
                    ToldLosses = _toldLosses,
                    LostUnseen = _lostUnseen,
                    Epochs = _channels.Values.Sum(channel => channel.Epochs.Count),
                };
            }
        }
    }

    /// <summary>Redis has lost data, and with it perhaps idempotency keys.</summary>
    public void StoreLost()
    {
        lock (_gate)
            _storeLosses++;
    }

    /// <summary>An attempt, before it is made.</summary>
    /// <param name="id">The message.</param>
    /// <param name="channel">Its channel, the same in all attempts.</param>
    /// <param name="connection">Unique over all connections.</param>
    public void Sending(MessageId id, string channel, int connection)
    {
        lock (_gate)
        {
            if (_sent.TryGetValue(id, out var sent))
                sent.Attempts++;
            else
                _sent.Add(id, new SentMessage(id, channel, connection, _storeLosses, clock.Now));
        }
    }

    /// <summary>An attempt was answered with <c>ack</c>.</summary>
    public void Acknowledged(MessageId id, Position? position)
    {
        lock (_gate)
        {
            _acknowledged++;
            if (position is { } place)
                Place(_sent[id], place, Ack);
        }
    }

    /// <summary>An attempt was answered with an error that says that nothing was done.</summary>
    public void Refused(MessageId id)
    {
        lock (_gate)
        {
            _refused++;
            _sent[id].Refusals++;
        }
    }

    /// <summary>An attempt had no answer, or one that leaves it open.</summary>
    public void Unanswered()
    {
        lock (_gate)
            _unanswered++;
    }

    /// <summary>When a message was sent first.</summary>
    public long SentAt(MessageId id)
    {
        lock (_gate)
            return _sent.TryGetValue(id, out var sent) ? sent.SentAt : long.MaxValue;
    }

    /// <summary>A page of history: ascending without gaps, and the same messages that everybody else has seen.</summary>
    public void Page(string source, string channel, string epoch, IReadOnlyList<(long Seq, JsonElement Content)> messages)
    {
        lock (_gate)
        {
            for (int i = 0; i < messages.Count; i++)
            {
                var (seq, content) = messages[i];
                if (i > 0 && seq != messages[i - 1].Seq + 1)
                {
                    problems.Add(
                        ProblemKind.Gap,
                        source,
                        $"history of {channel} in {epoch} has seq {seq} after {messages[i - 1].Seq}, read by {source}");
                }
                if (Find(source, channel, content) is { } sent)
                    Place(sent, new Position(epoch, seq), $"history read by {source}");
            }
            _read += messages.Count;
        }
    }

    /// <summary>
    /// Looks again at all who went on in another epoch: what was learned since may show that they should have been told of a loss.
    /// </summary>
    public void CheckLinks()
    {
        lock (_gate)
        {
            foreach (var (name, channel) in _channels)
            {
                foreach (var link in channel.Links)
                    CheckLink(name, channel, link);
                channel.Links.Clear();
            }
        }
    }

    /// <summary>Whatever a follower has to say, one at a time.</summary>
    internal void Locked<T>(Action<T> action, T argument)
    {
        lock (_gate)
            action(argument);
    }

    internal int StoreLosses => _storeLosses;

    internal void Delivered(bool isChecked)
    {
        _deliveries++;
        if (isChecked)
            _checked++;
    }

    internal void ToldLoss() => _toldLosses++;

    internal void Add(ProblemKind kind, string subject, string text, Func<IReadOnlyList<string>> context) =>
        problems.Add(kind, subject, text, context);

    /// <summary>What is known of the message with this content; null, and a problem, when nobody sent it so.</summary>
    internal SentMessage? Find(string source, string channel, JsonElement content)
    {
        if (!MessageId.TryRead(content, out var id))
            problems.Add(ProblemKind.Altered, source, $"{source} got in {channel} a content that nobody sent: {content.GetRawText()}");
        else if (!_sent.TryGetValue(id, out var sent))
            problems.Add(ProblemKind.Altered, source, $"{source} got in {channel} message {id}, which was not sent yet");
        else if (sent.Channel != channel)
            problems.Add(ProblemKind.Altered, source, $"{source} got in {channel} message {id}, which was sent to {sent.Channel}");
        else
            return Seen(source, sent);
        return null;
    }

    /// <summary>A message stands at a position: it is the only one there, and stands nowhere else in that epoch.</summary>
    internal void Place(SentMessage sent, Position place, string source)
    {
        var epoch = Channel(sent.Channel).Epoch(place.Epoch);
        var sighting = new Sighting(sent.Id, source, clock.Now, _storeLosses, IsDelivered: source != Ack);
        if (epoch.At(place.Seq) is not { } known)
        {
            epoch.Set(place.Seq, sighting);
        }
        else if (known.Id == sent.Id)
        {
            if (sighting.IsDelivered && !known.IsDelivered)
                epoch.Set(place.Seq, known with { IsDelivered = true });
        }
        else if (!known.IsDelivered && known.StoreLosses < _storeLosses)
        {
            // Redis has lost it before anybody got it. Nobody can know.
            _lostUnseen++;
            epoch.Set(place.Seq, sighting);
        }
        else if (!sighting.IsDelivered && sent.StoreLosses < _storeLosses)
        {
            // The same, but the acknowledgement took its time.
            _lostUnseen++;
            return;
        }
        else
        {
            problems.Add(
                ProblemKind.TwoContents,
                sent.Channel,
                $"{sent.Channel} at {place}: {sent.Id} by {source}, {known.Id} by {known.Source} at {RunClock.Text(known.At)}",
                () => Around(sent.Channel, place));
            return;
        }
        foreach (var other in sent.Places)
        {
            // The same seq in two epochs: the newer one begins with what the older one had.
            if (other.Seq == place.Seq || clock.Now - sent.SentAt > KeyMilliseconds)
                continue;
            if (other.Epoch == place.Epoch || sent.Attempts == 1)
            {
                problems.Add(
                    ProblemKind.Double,
                    sent.Channel,
                    $"{sent.Channel}: {sent.Id}, sent {Times(sent.Attempts)}, stands at {other} and, by {source}, at {place}");
            }
        }
        sent.AddPlace(place);
    }

    internal void Link(string channel, EpochLink link) => Channel(channel).Links.Add(link);

    private static string Times(int count) => count == 1 ? "once" : $"{count} times";

    private SentMessage Seen(string source, SentMessage sent)
    {
        if (sent.Attempts == sent.Refusals)
        {
            problems.Add(
                ProblemKind.RefusedButDone,
                source,
                $"{source} got {sent.Id} in {sent.Channel}, sent {Times(sent.Attempts)} "
                + "and each time answered with an error that says that nothing was done");
        }
        return sent;
    }

    private ChannelRecord Channel(string name)
    {
        if (!_channels.TryGetValue(name, out var channel))
            _channels.Add(name, channel = new ChannelRecord());
        return channel;
    }

    private void CheckLink(string name, ChannelRecord channel, EpochLink link)
    {
        var before = channel.Epoch(link.From.Epoch);
        var after = channel.Epoch(link.To);
        for (long seq = link.From.Seq; seq > 0 && seq > link.From.Seq - 1000; seq--)
        {
            if (before.At(seq) is not { } old || after.At(seq) is not { } now || old.Id == now.Id)
                continue;
            problems.Add(
                ProblemKind.FalseRecovery,
                link.Source,
                $"{link.Source} was told recovered: true in {name} from {link.From} to epoch {link.To} at {RunClock.Text(link.At)}, "
                + $"but seq {seq} was {old.Id} by {old.Source} and is {now.Id} by {now.Source}",
                () => [.. Around(name, link.From with { Seq = seq }), .. Around(name, new Position(link.To, seq))]);
            return;
        }
    }

    /// <summary>What stands around a position.</summary>
    private List<string> Around(string name, Position place)
    {
        var epoch = Channel(name).Epoch(place.Epoch);
        var lines = new List<string>();
        for (long seq = place.Seq - 3; seq <= place.Seq + 3; seq++)
        {
            if (epoch.At(seq) is { } sighting)
                lines.Add($"{place with { Seq = seq }} is {sighting.Id} by {sighting.Source} at {RunClock.Text(sighting.At)}");
        }
        return lines;
    }
}
