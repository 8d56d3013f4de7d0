using System.Diagnostics;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;

namespace Gateway.Server.Api;

/// <summary>
/// <c>publish</c> and <c>broadcast</c>. Safe for any thread. The rights of clients do not bind them, nor does <c>nobody</c> or a personal
/// channel.
/// </summary>
internal sealed class PublishOperations(Namespaces namespaces, ChannelTable channels, IBackplane backplane)
{
    /// <summary>Channels of one broadcast.</summary>
    private const int MaxChannels = 1_000;

    private const int MaxSenderBytes = 255;

    public ValueTask<ApiReply> Publish(in ApiFields fields)
    {
        if (!TryName(fields.Channel, "channel", out var name, out var local, out var problem)
            || !TryMessage(fields, out var message, out problem))
            return new(problem);
        return Publish(name!, local, message);
    }

    /// <summary>To all of the channels, or, where one cannot be published to, to none.</summary>
    public ValueTask<ApiReply> Broadcast(in ApiFields fields)
    {
        if (!TryMessage(fields, out var message, out var problem))
            return new(problem);
        if (ApiFields.Elements(fields.Channels, MaxChannels) is not { Count: > 0 } elements)
            return new(ApiProblem.Bad("channels", $"'channels' must be an array of 1 to {MaxChannels} channels"));
        var targets = new (ChannelName Name, Channel? Local)[elements.Count];
        for (int i = 0; i < targets.Length; i++)
        {
            if (!TryName(fields.Channels[elements[i]], $"channels[{i}]", out var name, out var local, out problem))
                return new(problem);
            targets[i] = (name!, local);
        }
        var publishing = new List<Task<ApiReply>>(targets.Length);
        foreach (var (name, local) in targets)
            publishing.Add(Publish(name, local, message).AsTask());
        return ResultsAsync(publishing);
    }

    private static async ValueTask<ApiReply> ResultsAsync(List<Task<ApiReply>> publishing) =>
        ApiReply.Results(await Task.WhenAll(publishing).ConfigureAwait(false));

    private ValueTask<ApiReply> Publish(ChannelName name, Channel? local, in PublishRequest message)
    {
        var activity = Tracing.StartPublish(name);
        var publishing = backplane.PublishAsync(name, activity is null ? message : message with { Trace = activity.Id });
        // Who publishes faster than can be handed out waits, as clients do.
        if (!publishing.IsCompletedSuccessfully || local is { IsBacklogged: true })
            return PublishAsync(publishing, name, local, activity);
        activity?.Dispose();
        return new(Reply(name, publishing.Result));
    }

    private static async ValueTask<ApiReply> PublishAsync(
        ValueTask<PublishResult> publishing, ChannelName name, Channel? local, Activity? activity)
    {
        var result = await publishing.ConfigureAwait(false);
        activity?.SetStatus(result.IsAccepted ? ActivityStatusCode.Unset : ActivityStatusCode.Error).Dispose();
        if (local is not null)
            await local.WaitForCapacityAsync().ConfigureAwait(false);
        return Reply(name, result);
    }

    private static ApiReply Reply(ChannelName name, PublishResult result)
    {
        return result.Outcome switch
        {
            PublishOutcome.Accepted => new ApiReply(StatusCodes.Status200OK, Published(name.Json.EncodedUtf8Bytes, result.Position)),
            PublishOutcome.Unconfirmed => ApiProblem.Unconfirmed(name),
            _ => ApiProblem.NotPublished(name),
        };
    }

    /// <summary>By hand: this is the one answer that has to be cheap.</summary>
    private static byte[] Published(ReadOnlySpan<byte> channel, Position? position)
    {
        if (position is not { } at)
            return [.. "{\"channel\":\""u8, .. channel, .. "\"}"u8];
        var epoch = JsonText.Encode(at.Epoch);
        Span<byte> digits = stackalloc byte[20];
        System.Buffers.Text.Utf8Formatter.TryFormat(at.Seq, digits, out int length);
        return
        [
            .. "{\"channel\":\""u8, .. channel, .. "\",\"epoch\":\""u8, .. epoch.EncodedUtf8Bytes, .. "\",\"seq\":"u8, .. digits[..length],
            .. "}"u8,
        ];
    }

    private bool TryName(ReadOnlySpan<byte> value, string field, out ChannelName? name, out Channel? local, out ApiReply problem)
    {
        (name, local, problem) = (null, null, default);
        if (!JsonValue.TryReadString(value, out var channel))
        {
            problem = ApiProblem.Bad(field, $"'{field}' must be a string");
            return false;
        }
        local = channels.Find(channel);
        string wrong = "";
        if ((name = local?.Name ?? namespaces.TryName(channel, out wrong)) is null)
            problem = ApiProblem.Bad(field, $"'{field}': {wrong}");
        return name is not null;
    }

    private static bool TryMessage(in ApiFields fields, out PublishRequest message, out ApiReply problem)
    {
        message = default;
        problem = default;
        if (!TryPayload(fields, out var payload, out problem))
            return false;
        if (!ApiFields.TryText(fields.Key, ClientMessageReader.MaxKeyBytes, out ReadOnlySpan<byte> key))
            problem = ApiProblem.Bad("key", $"'key' must be a string of 1 to {ClientMessageReader.MaxKeyBytes} bytes");
        else if (!ApiFields.TryText(fields.Sender, MaxSenderBytes, out ReadOnlySpan<byte> sender))
            problem = ApiProblem.Bad("sender", $"'sender' must be a string of 1 to {MaxSenderBytes} bytes");
        else
            message = new PublishRequest
            {
                Payload = payload,
                Key = IdempotencyKey.OfApi(key),
                Sender = Utf8Text.Of(sender),
            };
        return problem.Status == 0;
    }

    private static bool TryPayload(in ApiFields fields, out Payload payload, out ApiReply problem)
    {
        payload = Payload.Json(fields.Content);
        problem = default;
        if (fields.IsUpload)
            payload = new Payload(PayloadKind.Attachments, Attachments.Of(fields.Upload).Block);
        else if (AttachmentTexts.AreThere(fields.Attachments))
        {
            if (AttachmentTexts.TryDecode(fields.Attachments, out var attachments, out string wrong))
                payload = new Payload(PayloadKind.Attachments, attachments.With(fields.Content));
            else
                problem = ApiProblem.Bad("attachments", $"'attachments' {wrong}");
        }
        else if (fields.Content.IsEmpty)
            problem = ApiProblem.Bad("content", "'content' must be given unless there are attachments; it may be any JSON value");
        return problem.Status == 0;
    }
}
