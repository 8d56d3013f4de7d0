using System.Text.Json;
using Gateway.Chaos.Tests.Checking;
using Gateway.Chaos.Tests.Run;
using Gateway.Chaos.Tests.World;

namespace Gateway.Chaos.Tests.Clients;

/// <summary>Publishes at a steady pace, and repeats with the same key what was not acknowledged.</summary>
internal sealed class Publisher(ChaosScene scene, int number, IReadOnlyList<string> channels, int inFlight)
    : Client(scene, $"p{number}", number), IPublisher
{
    private const int PaceMilliseconds = 40;

    private readonly SortedDictionary<int, Publication> _open = [];
    private volatile int _openCount;
    private long _dueAt;
    private int _numbers;

    public int Open => _openCount;

    protected override TimeSpan TickInterval => TimeSpan.FromMilliseconds(20);

    protected override void Connected(ClientConnection connection)
    {
        // Ticks do the rest.
    }

    protected override void Heard(ClientConnection connection, string type, JsonElement message)
    {
        var request = connection.TakeRequest(message);
        if (request is null
            || !int.TryParse(message.GetProperty("id").GetString(), out int attempt)
            || !_open.TryGetValue(attempt, out var publication))
        {
            Unexpected(type, message);
            return;
        }
        publication.IsInFlight = false;
        switch (type)
        {
            case "ack":
                Scene.Ledger.Acknowledged(publication.Id, PositionOf(message));
                Close(attempt);
                break;
            case "error" when message.GetProperty("code").GetString() == "unavailable":
                Scene.Ledger.Refused(publication.Id);
                Again(publication);
                break;
            case "error" when message.GetProperty("code").GetString() == "unconfirmed":
                Scene.Ledger.Unanswered();
                Again(publication);
                break;
            default:
                Unexpected(type, message);
                Close(attempt);
                break;
        }
    }

    protected override void Ticked(ClientConnection connection)
    {
        long now = Scene.Clock.Now;
        foreach (var publication in _open.Values)
        {
            if (!publication.IsInFlight && publication.DueAt <= now)
                Send(connection, publication);
        }
        if (Scene.IsPublishing && now >= _dueAt && _open.Count < inFlight)
        {
            _dueAt = Math.Max(now - PaceMilliseconds, _dueAt) + PaceMilliseconds;
            string channel = channels[Random.Next(channels.Count)];
            var id = new MessageId(Number, ++_numbers);
            // Without history and without a key a message is sent once and never again, and must never come twice.
            var publication = new Publication(id, channel, HasKey: ChannelPlan.HasHistory(channel) || id.Number % 2 == 0);
            _open.Add(id.Number, publication);
            _openCount = _open.Count;
            Send(connection, publication);
        }
    }

    protected override void Lost()
    {
        foreach (var publication in _open.Values.Where(publication => publication.IsInFlight).ToList())
        {
            publication.IsInFlight = false;
            Scene.Ledger.Unanswered();
            Again(publication);
        }
    }

    private void Send(ClientConnection connection, Publication publication)
    {
        publication.IsInFlight = true;
        Scene.Ledger.Sending(publication.Id, publication.Channel, connection.Number);
        string key = publication.HasKey ? $",\"key\":\"{publication.Id.Key}\"" : "";
        connection.Ask("message", publication.Channel, $",\"content\":{publication.Id.Content}{key}", $"{publication.Id.Number}");
    }

    private void Again(Publication publication)
    {
        publication.DueAt = Scene.Clock.Now + Random.Next(50, 300);
        if (!publication.HasKey)
            Close(publication.Id.Number);
    }

    private void Close(int number)
    {
        _open.Remove(number);
        _openCount = _open.Count;
    }

    private static Position? PositionOf(JsonElement ack) =>
        ack.TryGetProperty("epoch", out var epoch) ? new Position(epoch.GetString()!, ack.GetProperty("seq").GetInt64()) : null;
}

/// <summary>A message that is not acknowledged yet. For one thread.</summary>
internal sealed record Publication(MessageId Id, string Channel, bool HasKey)
{
    public bool IsInFlight { get; set; }

    /// <summary>When to send it again.</summary>
    public long DueAt { get; set; }
}
