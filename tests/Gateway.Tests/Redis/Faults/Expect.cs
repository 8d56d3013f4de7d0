using System.Globalization;
using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>Assertions of the protocol's promises, which hold in every state of Redis. Stateless.</summary>
internal static class Expect
{
    /// <summary>
    /// Asserts that a message is answered and not accepted: with <c>unavailable</c>, or with <c>unconfirmed</c> where it had been sent on.
    /// </summary>
    public static async Task NotAcceptedAsync(JsonClient client, string message)
    {
        string code = (await client.AskAsync(message, "error")).Text("code");
        Assert.True(code is "unavailable" or "unconfirmed", code);
    }

    /// <summary>Asserts that a request is answered with <c>unavailable</c>.</summary>
    public static async Task UnavailableAsync(JsonClient client, string request) =>
        Assert.Equal("unavailable", (await client.AskAsync(request, "error")).Text("code"));

    public static string Message(string channel, string content, string id = "1") =>
        $$"""{"type":"message","channel":"{{channel}}","content":{{content}},"id":{{id}}}""";

    /// <summary>
    /// Asserts that a subscriber was sent nothing but messages, each seq once and in order, all acknowledged ones among them, and
    /// unconfirmed ones at most once.
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
