namespace Gateway.Client.Tests;

/// <summary>The pauses before clients reconnect: the arithmetic, without a network.</summary>
public sealed class BackoffTests
{
    private const int Clients = 5_000;

    private static readonly TimeSpan Slot = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void The_wait_is_anything_up_to_a_bound_that_doubles_from_half_a_second_to_20_seconds()
    {
        double[] longest = new double[8];
        for (int client = 0; client < Clients; client++)
        {
            var backoff = new Backoff(new Random(client));
            for (int attempt = 0; attempt < longest.Length; attempt++)
                longest[attempt] = Math.Max(longest[attempt], backoff.Next().TotalSeconds);
        }

        double[] bounds = [0.5, 1, 2, 4, 8, 16, 20, 20];
        Assert.All(longest.Zip(bounds), pair => Assert.InRange(pair.First, 0.99 * pair.Second, pair.Second));
    }

    [Fact]
    public void Only_a_connection_that_lasted_10_seconds_starts_the_bound_over()
    {
        var backoff = new Backoff(new AlwaysHighest());
        for (int attempt = 0; attempt < 10; attempt++)
            backoff.Next();

        backoff.OnEnded(TimeSpan.FromSeconds(9.9));
        Assert.Equal(20, backoff.Next().TotalSeconds, tolerance: 0.001);
        backoff.OnEnded(TimeSpan.FromSeconds(10));
        Assert.Equal(0.5, backoff.Next().TotalSeconds, tolerance: 0.001);
    }

    [Fact]
    public void What_the_gateway_asks_for_is_added()
    {
        var backoff = new Backoff(new AlwaysHighest());

        Assert.Equal(3.5, backoff.Next(TimeSpan.FromSeconds(3)).TotalSeconds, tolerance: 0.001);
        Assert.Equal(1, backoff.Next().TotalSeconds, tolerance: 0.001);
    }

    [Fact]
    public void Five_thousand_clients_of_a_gateway_that_was_restarted_come_back_evenly_over_the_backoff()
    {
        var arrivals = Enumerable.Range(0, Clients).Select(client => new Backoff(new Random(client)).Next()).ToList();

        AssertEven(arrivals, Backoff.First, limit: 2);
    }

    [Fact]
    public void Five_thousand_clients_that_a_drain_sent_away_come_back_evenly_over_the_time_it_gave_them()
    {
        var asked = TimeSpan.FromSeconds(5);
        var arrivals = Enumerable.Range(0, Clients)
            .Select(client => new Random(client))
            .Select(random => new Backoff(random).Next(random.NextDouble() * asked))
            .ToList();

        AssertEven(arrivals, asked + Backoff.First, limit: 2);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.25)]
    [InlineData(0.4)]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(10)]
    [InlineData(15)]
    public void After_a_restart_that_took_a_while_they_come_no_faster_than_twice_what_would_be_even_over_the_wait_it_is_in(double seconds)
    {
        var outage = TimeSpan.FromSeconds(seconds);

        AssertNoCrowd(ArrivalsAfter(outage), WaitAt(outage), limit: 2);
    }

    /// <summary>
    /// After a long outage all pauses are up to 20 s, and 10 s in the mean. So 5,000 clients try in any 10 s, and in the first moments
    /// twice as many return as with an even return over 20 s. Chance makes it more in single slots, whose mean is 25 clients.
    /// </summary>
    [Theory]
    [InlineData(20)]
    [InlineData(60)]
    [InlineData(300)]
    public void After_a_long_outage_they_come_back_within_the_longest_wait_three_in_four_in_its_first_half(double seconds)
    {
        var arrivals = ArrivalsAfter(TimeSpan.FromSeconds(seconds));

        AssertNoCrowd(arrivals, Backoff.Longest, limit: 3);
        Assert.All(arrivals, arrival => Assert.InRange(arrival, TimeSpan.Zero, Backoff.Longest));
        Assert.Equal(0.75, arrivals.Count(arrival => arrival < Backoff.Longest / 2) / (double)Clients, tolerance: 0.05);
    }

    private static List<TimeSpan> ArrivalsAfter(TimeSpan outage) =>
        [.. Enumerable.Range(0, Clients).Select(client => FirstAttemptAfter(outage, new Backoff(new Random(client))) - outage)];

    /// <summary>The pause in which a moment lies, when each pause is as long as it can be.</summary>
    private static TimeSpan WaitAt(TimeSpan moment)
    {
        var longest = new Backoff(new AlwaysHighest());
        while (true)
        {
            var wait = longest.Next();
            moment -= wait;
            if (moment < TimeSpan.Zero)
                return wait;
        }
    }

    private static TimeSpan FirstAttemptAfter(TimeSpan outage, Backoff backoff)
    {
        var at = TimeSpan.Zero;
        while (at < outage)
            at += backoff.Next();
        return at;
    }

    private static void AssertEven(List<TimeSpan> arrivals, TimeSpan window, double limit)
    {
        Assert.All(arrivals, arrival => Assert.InRange(arrival, TimeSpan.Zero, window));
        AssertNoCrowd(arrivals, window, limit);
    }

    private static void AssertNoCrowd(List<TimeSpan> arrivals, TimeSpan window, double limit)
    {
        double mean = arrivals.Count / (window / Slot);
        int busiest = arrivals.GroupBy(arrival => (int)(arrival / Slot)).Max(slot => slot.Count());
        Assert.True(busiest < limit * mean, $"{busiest} in the busiest {Slot.TotalMilliseconds} ms, {mean} in the mean");
    }

    private sealed class AlwaysHighest : Random
    {
        public override double NextDouble() => 1 - 1e-9;
    }
}
