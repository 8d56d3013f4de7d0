using System.Text;
using System.Text.Json;
using Gateway.Load.Dialects;
using Gateway.Load.Measuring;
using Gateway.Load.Sockets;
using Gateway.Protocol.WebSockets;

namespace Gateway.Load.Clients;

/// <summary>
/// Any thread may call its methods, one request at a time; what comes is handled on its loop. One user of the server, whose connection
/// may end and be made anew.
/// </summary>
internal sealed class Client(LoadRun run, EventLoop loop, ConnectionTarget target, int number) : IConnectionEvents, IReceiver
{
    private readonly List<Listener> _listeners = [];
    private readonly IDialect _dialect = run.Options.Dialect;
    private Connection? _connection;
    private TaskCompletionSource? _opening;
    private TaskCompletionSource<ServerMessage>? _answer;
    private TaskCompletionSource? _pong;
    private TaskCompletionSource<ConnectionEnd> _ended = new();
    private bool _mayEnd;

    /// <summary>The user as which the server knows it, once connected.</summary>
    public string User { get; private set; } = "";

    /// <summary>Whether the kernel takes little for it while it does not read.</summary>
    public bool IsNarrow { get; init; }

    /// <summary>Called on its loop with each <c>presence</c>.</summary>
    public Action<ServerMessage>? PresenceChanged { get; set; }

    public EventLoop Loop => loop;

    /// <summary>The end of its connection.</summary>
    public Task<ConnectionEnd> Ended => _ended.Task;

    /// <summary>Complete when the server is ready for it.</summary>
    public async Task ConnectAsync()
    {
        _mayEnd = false;
        _opening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ended = new TaskCompletionSource<ConnectionEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
        // Spread evenly over the clients, and so over channels and loops.
        bool compresses = (long)(number + 1) * run.Options.Compress / 100 > (long)number * run.Options.Compress / 100;
        byte[] request = target.Request(_dialect.Subprotocol, run.Options.Tokens.For(number, run.Options.Namespace), compresses);
        _connection = new Connection(loop, target, request, number, IsNarrow, this);
        _connection.Start();
        await run.InTime(_opening.Task, $"{this} is not connected");
    }

    /// <summary>From now on messages of the topic may come.</summary>
    public void Expect(Listener listener) => _listeners.Add(listener);

    public void ExpectNothing() => _listeners.Clear();

    public Task<ServerMessage> SubscribeAsync(string channel) =>
        AskAsync(_dialect.Subscribe(channel), $"{this} is not subscribed to {channel}");

    /// <summary>Sends a request that is answered with <c>subscribed</c>.</summary>
    /// <param name="request">The message.</param>
    /// <param name="failing">What to say if no answer comes.</param>
    public Task<ServerMessage> AskAsync(string request, string failing)
    {
        _answer = new TaskCompletionSource<ServerMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        _connection!.Send(Opcode.Text, Encoding.UTF8.GetBytes(request));
        FailIfEnded();
        return run.InTime(_answer.Task, failing);
    }

    /// <summary>Sends a ping. Its answer comes behind everything that the server sent before.</summary>
    public Task PingAsync()
    {
        _pong = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connection!.Send(Opcode.Ping, []);
        FailIfEnded();
        return run.InTime(_pong.Task, $"{this}: no pong");
    }

    /// <summary>Adds to a measurement what was timed elsewhere than on its loop.</summary>
    public Task RecordAsync(Series series, long ticks)
    {
        var recorded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(() =>
        {
            series.Record(loop.Index, ticks);
            recorded.SetResult();
        });
        return recorded.Task;
    }

    public void Send(Envelope envelope, ReadOnlySpan<byte> content) => _connection!.Send(envelope, content);

    /// <summary>Stops reading; the server may end it for that.</summary>
    public void Stall()
    {
        _mayEnd = true;
        _connection!.Pause(true);
    }

    public void ReadAgain() => _connection!.Pause(false);

    /// <summary>Is gone without a word.</summary>
    public void Cut()
    {
        _connection!.Cut();
        _ended.TrySetResult(new ConnectionEnd(ConnectionEnd.Lost, "cut"));
    }

    /// <summary>Says goodbye, and is gone when the server has answered, or after a while.</summary>
    public async Task CloseAsync()
    {
        if (_connection is null || Ended.IsCompleted)
            return;
        _mayEnd = true;
        _connection.Close();
        await Task.WhenAny(Ended, Task.Delay(TimeSpan.FromSeconds(5)));
        _connection.Cut();
    }

    void IConnectionEvents.OnOpen()
    {
        if (_dialect.Opening is { } opening)
            _connection!.Send(Opcode.Text, Encoding.UTF8.GetBytes(opening));
        if (!_dialect.Greets)
            _opening!.TrySetResult();
    }

    void IConnectionEvents.OnMessage(ReadOnlySpan<byte> message)
    {
        try
        {
            _dialect.Read(message, this);
        }
        catch (Exception strange) when (strange is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            run.Problems.Add($"{this}: got a message that is none of the dialect: {strange.Message}");
        }
    }

    void IConnectionEvents.OnPong() => _pong?.TrySetResult();

    void IConnectionEvents.OnClosed(ConnectionEnd end)
    {
        var failure = new LoadException($"{this}: {end}");
        _ended.TrySetResult(end);
        if (!Fail(failure) && !_mayEnd)
            run.Problems.Add(failure.Message);
    }

    void IReceiver.OnContent(ReadOnlySpan<byte> content)
    {
        Marker.TryRead(content, out var marker);
        var source = run.Source(marker.Source);
        var listener = source is null ? null : Listening(source.Topic);
        if (listener is null)
            run.Problems.Add($"{this}: got a message of a channel it does not listen to");
        else if (content.Length < run.Options.Bytes
            || !content[Marker.Length..run.Options.Bytes].SequenceEqual(Filler.Of(run.Options.Bytes - Marker.Length)))
            run.Problems.Add($"{this}: message {marker.Number} of {source!.Client} to {source.Topic.Channel} came changed");
        else
            listener.Take(source!, marker, loop.Index, _connection!.ReadAt);
    }

    void IReceiver.OnControl(ServerMessage message)
    {
        switch (message.Type)
        {
            case ServerMessage.Connected:
                User = message.User ?? "";
                _opening!.TrySetResult();
                break;
            case ServerMessage.Subscribed:
                _answer?.TrySetResult(message);
                break;
            case "presence":
                PresenceChanged?.Invoke(message);
                break;
            case ServerMessage.Error:
                var failure = new LoadException($"{this}: refused: {message.Reason}");
                if (!(_answer?.TrySetException(failure) ?? false))
                    run.Problems.Add(failure.Message);
                break;
            case "unsubscribed":
                run.Problems.Add($"{this}: unsubscribed by the server: {message.Reason}");
                break;
        }
    }

    void IReceiver.Reply(ReadOnlySpan<byte> message) => _connection!.Send(Opcode.Text, message);

    public override string ToString() => $"client {number}";

    // After what is waited for was noted, as its end is noted before what is waited for is looked at: one of the two sees the other.
    private void FailIfEnded()
    {
        if (Ended.IsCompleted)
            Fail(new LoadException($"{this}: {Ended.Result}"));
    }

    /// <returns>Whether somebody is told by that.</returns>
    private bool Fail(LoadException failure) =>
        _opening!.TrySetException(failure) | (_answer?.TrySetException(failure) ?? false) | (_pong?.TrySetException(failure) ?? false);

    private Listener? Listening(Topic topic)
    {
        foreach (var listener in _listeners)
        {
            if (listener.Topic == topic)
                return listener;
        }
        return null;
    }
}
