using Gateway.Protocol.Messages;

namespace Gateway.Server.Api;

/// <summary>
/// <c>batch</c>: commands of every kind, done in order, each with the result it would have had alone. Safe for any thread.
/// </summary>
internal sealed class BatchOperation(PublishOperations publishing, ConnectionOperations connections)
{
    private const int MaxCommands = 1_000;

    public ValueTask<ApiReply> Batch(in ApiFields fields)
    {
        if (ApiFields.Elements(fields.Commands, MaxCommands) is not { Count: > 0 } elements)
            return new(ApiProblem.Bad("commands", $"'commands' must be an array of 1 to {MaxCommands} objects"));
        return RunAsync(fields.Commands.ToArray(), elements);
    }

    private async ValueTask<ApiReply> RunAsync(byte[] commands, List<Range> elements)
    {
        var results = new List<Task<ApiReply>>(elements.Count);
        bool published = true;
        foreach (var element in elements)
        {
            bool publishes = Publishes(commands.AsSpan(element));
            // Publishes keep their order without waiting for each other; everything else waits, and is waited for.
            if (!(publishes && published))
                await Task.WhenAll(results).ConfigureAwait(false);
            published = publishes;
            results.Add(Start(commands.AsSpan(element), results.Count).AsTask());
        }
        return ApiReply.Results(await Task.WhenAll(results).ConfigureAwait(false));
    }

    private static bool Publishes(ReadOnlySpan<byte> command)
    {
        var fields = default(ApiFields);
        return fields.TryCollect(command) && JsonValue.TryReadString(fields.Type, out var type)
            && (type.SequenceEqual("publish"u8) || type.SequenceEqual("broadcast"u8));
    }

    private ValueTask<ApiReply> Start(ReadOnlySpan<byte> command, int index)
    {
        var fields = default(ApiFields);
        if (!fields.TryCollect(command))
            return new(ApiProblem.Bad($"commands[{index}]", "a command must be an object"));
        JsonValue.TryReadString(fields.Type, out var type);
        if (type.SequenceEqual("publish"u8))
            return publishing.Publish(fields);
        if (type.SequenceEqual("broadcast"u8))
            return publishing.Broadcast(fields);
        if (type.SequenceEqual("subscribe"u8))
            return connections.Subscribe(fields);
        if (type.SequenceEqual("unsubscribe"u8))
            return connections.Unsubscribe(fields);
        if (type.SequenceEqual("disconnect"u8))
            return connections.Disconnect(fields);
        return new(ApiProblem.Bad("type", "'type' must be publish, broadcast, subscribe, unsubscribe or disconnect"));
    }
}
