using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>Stateless. What the protocol promises whatever becomes of Redis.</summary>
internal static class Expect
{
    /// <summary>The protocol's two seconds, and as many for a busy machine.</summary>
    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(4);

    /// <summary>That a message is refused with <c>unavailable</c> in time.</summary>
    public static async Task RefusedInTimeAsync(JsonClient client, string message)
    {
        var clock = Stopwatch.StartNew();
        await UnavailableAsync(client, message);
        Assert.True(clock.Elapsed < Promptly, $"the answer took {clock.Elapsed}");
    }

    /// <summary>That a request is answered with <c>unavailable</c>.</summary>
    public static async Task UnavailableAsync(JsonClient client, string request) =>
        Assert.Equal("unavailable", (await client.AskAsync(request, "error")).Text("code"));

    public static string Message(string channel, string content, string id = "1") =>
        $$"""{"type":"message","channel":"{{channel}}","content":{{content}},"id":{{id}}}""";

    /// <summary>
    /// That a subscriber was sent nothing but messages, each seq once and in order, all that was acknowledged among them. What
    /// was refused may have been published nevertheless, but not twice.
    /// </summary>
    public static void NothingLostOrDoubled(Follower follower, IReadOnlyList<long> accepted)
    {
        IReadOnlyList<JsonElement> received = follower.Received;
        Assert.All(received, message => Assert.Equal("message", message.Text("type")));
        long first = received[0].Number("seq");
        Assert.Equal(Enumerable.Range(0, received.Count).Select(i => first + i), received.Seqs());
        long[] contents = [.. received.Select(message => message.Raw("content")).Where(raw => raw[0] != '"')
            .Select(raw => long.Parse(raw, CultureInfo.InvariantCulture))];
        Assert.Equal(contents.Length, contents.Distinct().Count());
        Assert.Empty(accepted.Except(contents));
    }
}
