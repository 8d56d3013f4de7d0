using Gateway.Server.Channels;

namespace Gateway.Tests.Channels;

public sealed class SubscriberSlotsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Adding_and_removing_at_random_it_holds_what_a_set_would(int seed)
    {
        var random = new Random(seed);
        var slots = new SubscriberSlots();
        var model = new List<Subscription>();
        for (int step = 0; step < 20_000; step++)
        {
            // Waves, so that the array grows to hundreds and shrinks to nearly nothing again and again.
            bool growing = step / 1000 % 2 == 0;
            if (model.Count == 0 || random.NextDouble() < (growing ? 0.7 : 0.3))
            {
                model.Add(SilentSubscriber.Subscription());
                slots.Add(model[^1]);
            }
            else
            {
                int at = random.Next(model.Count);
                slots.Remove(model[at]);
                Assert.Equal(-1, model[at].Slot);
                model.RemoveAt(at);
            }
            Assert.Equal(model.Count, slots.Count);
            if (step % 50 == 0)
                AssertHolds(model, slots);
        }
    }

    [Fact]
    public void An_iteration_begun_before_everything_changed_still_sees_every_subscriber_that_stayed()
    {
        var slots = new SubscriberSlots();
        var all = Enumerable.Range(0, 500).Select(_ => SilentSubscriber.Subscription()).ToList();
        all.ForEach(slots.Add);
        var snapshot = slots.Snapshot;
        var stay = all.Where((_, i) => i % 50 == 0).ToList();

        // Most leave, which moves the rest to a smaller array; then many come, which fills it and makes it grow.
        all.Except(stay).ToList().ForEach(slots.Remove);
        for (int i = 0; i < 1000; i++)
            slots.Add(SilentSubscriber.Subscription());

        var seen = new List<Subscription>();
        foreach (var subscription in snapshot)
        {
            if (subscription is not null)
                seen.Add(subscription);
        }
        Assert.Equal(seen.Distinct(), seen);
        Assert.Superset(stay.ToHashSet(), seen.ToHashSet());
        Assert.Equal(1010, slots.Count);
    }

    [Fact]
    public void After_most_have_left_the_holes_are_gone()
    {
        var slots = new SubscriberSlots();
        var all = Enumerable.Range(0, 1000).Select(_ => SilentSubscriber.Subscription()).ToList();
        all.ForEach(slots.Add);

        all.Skip(10).ToList().ForEach(slots.Remove);

        Assert.InRange(slots.Snapshot.Length, 10, 64);
        AssertHolds(all.Take(10).ToList(), slots);
    }

    private static void AssertHolds(List<Subscription> expected, SubscriberSlots slots)
    {
        var held = new HashSet<Subscription>();
        var snapshot = slots.Snapshot;
        for (int i = 0; i < snapshot.Length; i++)
        {
            if (snapshot[i] is not { } subscription)
                continue;
            Assert.Equal(i, subscription.Slot);
            Assert.True(held.Add(subscription));
        }
        Assert.Equal(expected.ToHashSet(), held);
    }
}
