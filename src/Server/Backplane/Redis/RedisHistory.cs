using System.Globalization;
using System.Security.Cryptography;
using Gateway.Protocol.Messages;
using Gateway.Server.Naming;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>Reads the channels' streams, and looks after their positions. Stateless.</summary>
internal static class RedisHistory
{
    /// <summary>
    /// How much longer a position lives than the messages, so that a client that was away longer learns that it missed some.
    /// </summary>
    public const long PositionMilliseconds = 24 * 60 * 60 * 1000;

    /// <summary>How long the position of a channel without messages lives. Each node with subscribers reads it every minute.</summary>
    private const long EmptyMilliseconds = 10 * 60 * 1000;

    /// <summary>How long it lives once the last subscriber has left: a client that only changes the page recovers from it.</summary>
    private const long LeftMilliseconds = 10 * 1000;

    /// <summary>Reads a page as it is stored; null when there was no answer.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="keys">The channel's keys.</param>
    /// <param name="query">The part of the stream.</param>
    /// <param name="keep">Whether subscribers rely on the position, though the channel may never have had a message.</param>
    /// <param name="inTurn">Whether the call waits for its turn instead of being refused.</param>
    public static async Task<StoredPage?> ReadAsync(
        RedisConnection connection, ChannelName channel, RedisKeys keys, HistoryQuery query, bool keep, bool inTurn = false)
    {
        bool forward = query.After is not null;
        string first = forward ? Id(Math.Max(0, query.After!.Value) + 1) : "-";
        string last = query.Before is { } before ? before <= 1 ? "0-1" : Id(before - 1) : "+";
        long ttl = (long)channel.Namespace.Rules.HistoryTtl.TotalMilliseconds + PositionMilliseconds;
        RedisKey[] names = [keys.Meta, keys.Stream];
        RedisValue empty = keep ? EmptyMilliseconds : RedisValue.EmptyString;
        RedisValue[] values = [NewEpoch(), ttl, first, last, forward ? 0 : 1, query.Limit, query.MaxBytes, connection.Server, empty];
        var reading = inTurn
            ? connection.CallInTurnAsync(PositionScripts.Read, names, values)
            : connection.CallAsync(PositionScripts.Read, names, values);
        if (await reading.ConfigureAwait(false) is not { } answer)
            return null;
        var parts = (RedisResult[])answer!;
        var top = new Position((string)parts[0]!, (long)parts[1]);
        var entries = ((RedisResult[])parts[4]!).Select(entry => (RedisResult[])entry!)
            .Select(entry => ((string)entry[0]!, (byte[])entry[1]!));
        return StoredPage.Of(top, (string)parts[2]!, entries, (long)parts[3] == 1, ReadEarlier((string)parts[5]!), query);
    }

    /// <summary>Begins a new epoch, unless another node has already replaced the one in which a position was given twice.</summary>
    /// <returns>False when there was no answer.</returns>
    public static async Task<bool> RenewAsync(RedisConnection connection, RedisKeys keys, string epoch) =>
        await connection.CallInTurnAsync(PositionScripts.Renew, [keys.Meta], [epoch, NewEpoch()]).ConfigureAwait(false) is not null;

    /// <summary>
    /// Shortens the life of the position of a channel that never had a message. No server of a cluster knows the subscribers of the others;
    /// there the position expires when no node has read it for ten minutes.
    /// </summary>
    public static Task ForgetAsync(RedisConnection connection, RedisKeys keys) =>
        connection.Topology.IsCluster
            ? Task.CompletedTask : connection.CallInTurnAsync(PositionScripts.Forget, [keys.Meta], [keys.Flow, LeftMilliseconds]);

    public static HistoryPage Decode(StoredPage page)
    {
        var messages = new List<PublishedMessage>(page.Entries.Count);
        Utf8Text sender = default;
        foreach (var (seq, bytes) in page.Entries)
        {
            var body = MessageBody.Read(bytes);
            sender = body.SenderText(sender);
            var payload = bytes.AsMemory(bytes.Length - body.Payload.Bytes.Length);
            messages.Add(new PublishedMessage(body.Payload.Kind, payload, sender, seq, body.Time));
        }
        return new HistoryPage(page.Top, page.Oldest, messages, page.More) { Earlier = page.Earlier };
    }

    /// <summary>Reads the ends of earlier epochs, as <see cref="PositionScripts.Read"/> returns them: <c>epoch:seq </c> each.</summary>
    private static IReadOnlyList<Position> ReadEarlier(string text) =>
        text.Length == 0 ? [] : [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).SelectMany(ReadEarlierOne)];

    /// <summary>Leaves out what is broken. A client that was at such a position then learns of a loss.</summary>
    private static IEnumerable<Position> ReadEarlierOne(string text)
    {
        string[] parts = text.Split(':');
        bool isWhole = long.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out long seq) && parts.Length == 2;
        return isWhole ? [new Position(parts[0], seq)] : [];
    }

    private static string NewEpoch() => RandomNumberGenerator.GetHexString(12, lowercase: true);

    private static string Id(long seq) => seq.ToString(CultureInfo.InvariantCulture) + "-0";
}
