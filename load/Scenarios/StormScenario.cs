using System.Diagnostics;
using Gateway.Load.Clients;
using Gateway.Load.Dialects;

namespace Gateway.Load.Scenarios;

/// <summary>
/// All subscribers are cut off at once, miss some messages, and all come back at once: each must get what it missed, once
/// and in order. Refused ones try again, as clients do.
/// </summary>
internal sealed class StormScenario(LoadRun run) : IScenario
{
    /// <summary>Messages that each channel gets while nobody is there; it needs that much history.</summary>
    private const int Missed = 10;

    private readonly List<Topic> _topics = [];
    private readonly List<Subscriber> _subscribers = [];
    private int _refused;
    private Round _round = new();

    public string Measures => "back";

    public int Users => run.Options.Connections;

    public int? StepsEach => 1;

    public async Task PrepareAsync()
    {
        var publisher = await run.NewClientAsync();
        // A channel without subscribers would wait for ever.
        for (int i = 0; i < Math.Min(run.Options.Channels, Users); i++)
        {
            _topics.Add(run.NewTopic($"{i}"));
            run.NewSource(_topics[i], publisher);
        }
        for (int i = 0; i < run.Options.Connections; i++)
        {
            var listener = new Listener(
                await run.NewClientAsync(), _topics[i % _topics.Count], Listener.Kind.Counting, run.Series("delivery"), run.Problems);
            _subscribers.Add(new Subscriber(listener));
        }
        run.Series(Measures);
        await run.ConnectAsync([publisher, .. _subscribers.Select(subscriber => subscriber.Client)]);
        await LoadRun.ForEachAsync(_subscribers, subscriber => subscriber.SubscribeAsync());
    }

    public async ValueTask StepAsync(int user, long due)
    {
        var subscriber = _subscribers[user];
        var round = _round;
        subscriber.Client.Cut();
        if (Interlocked.Increment(ref round.Cut) == Users)
            StartReturn(round);
        long start = await run.InTime(round.Returning.Task, "not everybody was cut off");
        await ComeBackAsync(subscriber.Client);
        await subscriber.RecoverAsync();
        await subscriber.Client.RecordAsync(run.Series(Measures), Stopwatch.GetTimestamp() - start);
        if (Interlocked.Increment(ref round.Back) == Users)
            run.Facts["all back, ms"] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        await run.InTime(round.Missed, "some did not get what they missed");
    }

    public async Task FinishAsync()
    {
        if (run.Facts.TryGetValue("all back, ms", out double took))
            run.Facts["returns/s"] = Users / (took / 1000);
        run.Facts["refused"] = _refused;
        await run.CheckAsync(_topics);
    }

    private void StartReturn(Round round)
    {
        _round = new Round();
        var missed = new List<Task>();
        foreach (var topic in _topics)
        {
            for (int i = 0; i < Missed; i++)
                missed.Add(topic.Sources[0].PublishAsync(Stopwatch.GetTimestamp()).AsTask());
        }
        round.Missed = Task.WhenAll(missed);
        round.Returning.SetResult(Stopwatch.GetTimestamp());
    }

    private async Task ComeBackAsync(Client client)
    {
        long deadline = Stopwatch.GetTimestamp() + (long)(run.Options.Timeout.TotalSeconds * Stopwatch.Frequency);
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                await client.ConnectAsync();
                return;
            }
            catch (LoadException) when (Stopwatch.GetTimestamp() < deadline)
            {
                Interlocked.Increment(ref _refused);
                // Full jitter, doubling from 0.1 s to 3 s.
                await Task.Delay(Random.Shared.Next(Math.Min(3000, 100 << Math.Min(attempt, 5))), run.Problems.Failed);
            }
        }
    }

    /// <summary>All are cut off before the first comes back.</summary>
    private sealed class Round
    {
        public int Cut;
        public int Back;

        /// <summary>Set before <see cref="Returning"/>.</summary>
        public Task Missed = Task.CompletedTask;

        public TaskCompletionSource<long> Returning { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Knows its position: the one it subscribed at, and one more with each message.</summary>
    private sealed class Subscriber(Listener listener)
    {
        private string _epoch = "";
        private long _seq;

        public Client Client => listener.Client;

        public async Task SubscribeAsync()
        {
            Client.Expect(listener);
            var answer = await Client.SubscribeAsync(listener.Topic.Channel);
            _epoch = answer.Epoch ?? throw new LoadException(
                $"{listener.Topic.Channel} has no history: " +
                $"storm needs a namespace with Gateway:Namespaces:<name>:History of {Missed} or more");
            _seq = answer.Seq;
        }

        public async Task RecoverAsync()
        {
            string channel = listener.Topic.Channel;
            var answer = await Client.AskAsync(
                JsonDialect.Recover(channel, _epoch, _seq + listener.Got), $"{Client} is not subscribed to {channel}");
            if (!answer.IsRecovered)
                throw new LoadException($"{Client}: {channel} was not recovered");
        }
    }
}
