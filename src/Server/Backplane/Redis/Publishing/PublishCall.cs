using System.Globalization;
using System.Security.Cryptography;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis.Publishing;

/// <summary>
/// Batches that go to Redis with one call: of one channel, or of several channels of a lone server. Made under its publisher's lock, then
/// used by one thread.
/// </summary>
internal sealed class PublishCall(RedisConnection connection)
{
    /// <summary>
    /// The most messages of one call, so that the script, at 3 µs a message and as much a channel, does not hold up Redis.
    /// </summary>
    private const int MaxMessages = 192;

    /// <summary>How long an idempotency key counts.</summary>
    private const long ResultMilliseconds = 5 * 60 * 1000;

    private int _messages;
    private int _bytes;

    public List<PublishBatch> Batches { get; } = new(1);

    public bool HasRoomFor(ChannelPublishes publishes)
    {
        if (Batches.Count == 0)
            return true;
        var (messages, bytes) = publishes.Next;
        return publishes.Connection == connection && !connection.Topology.IsCluster
            && _messages + messages <= MaxMessages && _bytes + bytes <= PublishBatch.MaxBytes;
    }

    public void Add(PublishBatch batch)
    {
        Batches.Add(batch);
        _messages += batch.Count;
        _bytes += batch.Bytes;
    }

    /// <returns>A result for each batch.</returns>
    public Task<BatchResult[]> SendAsync()
    {
        if (Batches.Count > 1)
            return Batches.TrueForAll(IsPlain) ? PublishManyAsync() : SendManyAsync();
        var batch = Batches[0];
        return IsPlain(batch) ? PublishAsync(batch) : SendOneAsync(batch);
    }

    /// <summary>Publishes without a script: the batch has neither history nor idempotency keys.</summary>
    private async Task<BatchResult[]> PublishAsync(PublishBatch batch) =>
        [new BatchResult(await connection.PublishAsync(batch.Channel.Flow, Plain(batch), batch.Age).ConfigureAwait(false))];

    private async Task<BatchResult[]> PublishManyAsync()
    {
        var values = new RedisValue[2 * Batches.Count];
        for (int i = 0; i < Batches.Count; i++)
            (values[2 * i], values[(2 * i) + 1]) = (Batches[i].Channel.Flow, Plain(Batches[i]));
        var answer = await connection.PublishAsync(RedisScripts.SendMany, [], values, _bytes, Batches[0].Age).ConfigureAwait(false);
        return All(answer.Outcome);
    }

    private async Task<BatchResult[]> SendOneAsync(PublishBatch batch)
    {
        bool isKept = IsKept(batch);
        var values = new List<RedisValue>(8 + (2 * batch.Keys.Count));
        AddValues(values, batch, isKept ? NewEpoch() : "");
        var answer = await connection.PublishAsync(
            isKept ? RedisScripts.Publish : RedisScripts.PublishOnce, Keys(batch), [.. values], _bytes, batch.Age).ConfigureAwait(false);
        return [answer.Value is { } value ? Read(value) : new BatchResult(answer.Outcome)];
    }

    private async Task<BatchResult[]> SendManyAsync()
    {
        string epoch = NewEpoch();
        var names = new List<RedisKey>(4 * Batches.Count);
        var values = new List<RedisValue>(10 * Batches.Count);
        foreach (var batch in Batches)
        {
            var keys = Keys(batch);
            names.AddRange(keys);
            values.AddRange([IsKept(batch) ? "k" : IsPlain(batch) ? "p" : "o", keys.Length]);
            int count = values.Count;
            values.Add(0);
            if (IsPlain(batch))
                values.AddRange([Plain(batch), batch.Channel.Flow]);
            else
                AddValues(values, batch, epoch);
            values[count] = values.Count - count - 1;
        }
        var answer = await connection.PublishAsync(RedisScripts.PublishMany, [.. names], [.. values], _bytes, Batches[0].Age)
            .ConfigureAwait(false);
        if (answer.Value is not { } value)
            return All(answer.Outcome);
        var results = new BatchResult[Batches.Count];
        var parts = (RedisResult[])value!;
        for (int i = 0; i < results.Length; i++)
            results[i] = Read(parts[i]);
        return results;
    }

    private BatchResult[] All(PublishOutcome outcome)
    {
        var results = new BatchResult[Batches.Count];
        Array.Fill(results, new BatchResult(outcome));
        return results;
    }

    private void AddValues(List<RedisValue> values, PublishBatch batch, string epoch)
    {
        values.Add(batch.Records(before: 0));
        if (IsKept(batch))
        {
            var rules = batch.Channel.Name.Namespace.Rules;
            long ttl = (long)rules.HistoryTtl.TotalMilliseconds;
            values.Add(epoch);
            values.Add(rules.History);
            values.Add(ttl);
            values.Add(ttl + RedisHistory.PositionMilliseconds);
        }
        values.Add(batch.Channel.Flow);
        if (IsKept(batch))
            values.Add(connection.Server);
        values.Add(ResultMilliseconds);
        // Each key stands behind the number of its message, from 1.
        foreach (var (index, key) in batch.Keys)
            values.AddRange([index + 1, key]);
    }

    /// <summary>
    /// Reads what one batch's script returned: nothing, or the epoch, the seq before the first new message, and number and result of each
    /// known message.
    /// </summary>
    private BatchResult Read(RedisResult answer)
    {
        string text = (string?)answer ?? "";
        if (text.Length == 0)
            return new BatchResult(PublishOutcome.Accepted);
        if (text[0] == '-')
        {
            connection.Refuse(text[1..]);
            return BatchResult.Refused;
        }
        int blank = text.IndexOf(' ', StringComparison.Ordinal);
        int end = text.IndexOf(' ', blank + 1);
        var before = new Position(text[..blank], Number(text.AsSpan(blank + 1, (end < 0 ? text.Length : end) - blank - 1)));
        return new BatchResult(PublishOutcome.Accepted, before, end < 0 ? [] : ReadKnown(text[(end + 1)..].Split(' ')));
    }

    private static List<(int Index, Position Position)> ReadKnown(string[] parts)
    {
        var known = new List<(int Index, Position Position)>();
        for (int i = 0; i + 2 < parts.Length; i += 3)
            known.Add(((int)Number(parts[i]) - 1, new Position(parts[i + 2], Number(parts[i + 1]))));
        return known;
    }

    private static long Number(ReadOnlySpan<char> text) => long.Parse(text, CultureInfo.InvariantCulture);

    /// <remarks>
    /// Only the keys that are needed: while a cluster's slot moves, a call with a missing key waits for the end of the move.
    /// </remarks>
    private static RedisKey[] Keys(PublishBatch batch) => (IsKept(batch), batch.Keys.Count > 0) switch
    {
        (true, true) => batch.Channel.HistoryOnceKeys,
        (true, false) => batch.Channel.HistoryKeys,
        (false, true) => batch.Channel.OnceKeys,
        _ => [],
    };

    private static bool IsKept(PublishBatch batch) => batch.Channel.Name.Namespace.Rules.HasHistory;

    private static bool IsPlain(PublishBatch batch) => !IsKept(batch) && batch.Keys.Count == 0;

    private static byte[] Plain(PublishBatch batch)
    {
        byte[] envelope = batch.Records(before: 1);
        envelope[0] = (byte)EnvelopeKind.Message;
        return envelope;
    }

    private static string NewEpoch() => RandomNumberGenerator.GetHexString(12, lowercase: true);
}
