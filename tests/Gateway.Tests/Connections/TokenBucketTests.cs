using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using Gateway.Server.Connections;

namespace Gateway.Tests.Connections;

/// <summary>The arithmetic of the rate limits, against references that are too simple to be wrong.</summary>
public sealed class TokenBucketTests
{
    private static readonly Gen<long> Frequency = Gen.Elements(1L, 7L, 1000L, 10_000_000L, 1_000_000_000L);

    private static readonly Gen<long> Tokens = Gen.OneOf(
        Gen.Choose(1, 5).Select(n => (long)n), Gen.Choose(1, 1_000_000).Select(n => (long)n), Gen.Elements(4_294_967_295L, 4_294_967_296L));

    private static readonly Gen<TokenRate> AnyRate =
        from perSecond in Tokens
        from burst in Tokens
        from frequency in Frequency
        select new TokenRate(perSecond, burst, frequency);

    private static readonly Gen<(long Ticks, long Tokens)> AnyStep =
        from ticks in Gen.OneOf(
            Gen.Choose(0, 3).Select(n => (long)n), Gen.Choose(0, int.MaxValue).Select(n => (long)n), Gen.Elements(0L, 1L << 40, 1L << 55))
        from tokens in Tokens
        select (ticks, tokens);

    private static readonly Gen<List<(long Ticks, long Tokens)>> AnySteps = Gen.ListOf(AnyStep).Select(steps => steps.Take(50).ToList());

    [Fact]
    public void The_bucket_gives_what_one_filled_tick_by_tick_gives()
    {
        var cases =
            from perSecond in Gen.Choose(1, 20)
            from burst in Gen.Choose(1, 20)
            from frequency in Gen.Choose(1, 20)
            from steps in Gen.ListOf(from ticks in Gen.Choose(0, 40) from tokens in Gen.Choose(0, 21) select (Ticks: ticks, Tokens: tokens))
            select (new TokenRate(perSecond, burst, frequency), steps);

        Prop.ForAll(cases.ToArbitrary(), @case =>
        {
            var (rate, steps) = @case;
            var bucket = new TokenBucket(rate, 0);
            (long now, long parts) = (0, rate.Burst * rate.Frequency);
            foreach (var (ticks, tokens) in steps)
            {
                for (int i = 0; i < ticks; i++, now++)
                    parts = Math.Min(parts + rate.PerSecond, rate.Burst * rate.Frequency);
                bool expected = parts >= tokens * rate.Frequency;
                if (expected)
                    parts -= tokens * rate.Frequency;
                if (bucket.TryTake(rate, tokens, now) != expected)
                    return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_bucket_is_exact_at_any_rate_burst_and_time()
    {
        Prop.ForAll((from rate in AnyRate from steps in AnySteps select (rate, steps)).ToArbitrary(), @case =>
        {
            var (rate, steps) = @case;
            var bucket = new TokenBucket(rate, 0);
            BigInteger full = (BigInteger)rate.Burst * rate.Frequency, parts = full;
            long now = 0;
            foreach (var (ticks, asked) in steps)
            {
                long tokens = Math.Min(asked, rate.Burst);
                now += ticks;
                parts = BigInteger.Min(full, parts + ((BigInteger)ticks * rate.PerSecond));
                bool expected = parts >= (BigInteger)tokens * rate.Frequency;
                if (expected)
                    parts -= (BigInteger)tokens * rate.Frequency;
                if (bucket.TryTake(rate, tokens, now) != expected)
                    return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void In_any_time_it_gives_at_most_the_burst_and_the_rate_times_the_time_and_a_greedy_taker_gets_all_of_it()
    {
        var cases =
            from rate in AnyRate
            from pauses in Gen.NonEmptyListOf(Gen.Choose(0, 1_000_000))
            select (
                Rate: rate with { PerSecond = Math.Min(rate.PerSecond, 2_000), Burst = Math.Min(rate.Burst, 2_000) },
                Pauses: pauses.Take(20));

        Prop.ForAll(cases.ToArbitrary(), @case =>
        {
            var rate = @case.Rate;
            var bucket = new TokenBucket(rate, 0);
            (long now, long taken) = (0, 0);
            while (bucket.TryTake(rate, 1, now))
                taken++;
            foreach (int pause in @case.Pauses)
            {
                // The pauses are short enough for the bucket never to overflow, so nothing is lost and the sum is known.
                now += Math.Min(pause, (rate.Burst - 1) * rate.Frequency / rate.PerSecond);
                while (bucket.TryTake(rate, 1, now))
                    taken++;
                if (taken != rate.Burst + (long)((BigInteger)now * rate.PerSecond / rate.Frequency))
                    return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_wait_it_tells_is_the_shortest_that_is_long_enough()
    {
        Prop.ForAll((from rate in AnyRate from steps in AnySteps select (rate, steps)).ToArbitrary(), @case =>
        {
            var (rate, steps) = @case;
            var bucket = new TokenBucket(rate, 0);
            long now = 0;
            foreach (var (ticks, asked) in steps)
            {
                long tokens = Math.Min(asked, rate.Burst);
                now += ticks;
                if (bucket.TryTake(rate, tokens, now))
                    continue;
                long wait = bucket.TicksUntil(rate, tokens);
                var (early, late) = (bucket, bucket);
                if (early.TryTake(rate, tokens, now + wait - 1) || !late.TryTake(rate, tokens, now + wait))
                    return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_clock_that_is_read_late_or_twice_gives_nothing_twice()
    {
        var rate = new TokenRate(10, 1, 1000);
        var bucket = new TokenBucket(rate, 5_000);
        Assert.True(bucket.TryTake(rate, 1, 5_000));
        Assert.False(bucket.TryTake(rate, 1, 4_000));
        Assert.False(bucket.TryTake(rate, 1, 5_099));
        Assert.False(bucket.IsFull(rate, 5_099));
        Assert.True(bucket.IsFull(rate, 5_100));
        Assert.True(bucket.TryTake(rate, 1, 5_100));
    }
}
