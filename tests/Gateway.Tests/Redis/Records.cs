using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Backplane.Redis;
using Gateway.Server.Naming;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis;

/// <summary>Records as a gateway writes them, and a way to write anything else in their place. Stateless.</summary>
internal static class Records
{
    public const string Epoch = "0123456789ab";

    public static byte[] Body(
        string content = "{\"a\":1}", string sender = "ann", string? except = null, string? trace = null, long time = 123)
    {
        var request = new PublishRequest
        {
            Payload = Payload.Json(Encoding.UTF8.GetBytes(content)),
            Sender = Utf8Text.Of(sender),
            Except = ConnectionId.TryParse(except),
            Trace = trace,
        };
        byte[] body = new byte[MessageBody.SizeOf(request)];
        MessageBody.Write(body, request, time);
        return body;
    }

    /// <summary>A body behind its length.</summary>
    public static byte[] Record(byte[] body)
    {
        byte[] record = new byte[sizeof(int) + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(record, body.Length);
        body.CopyTo(record, sizeof(int));
        return record;
    }

    public static byte[] Message(params byte[][] bodies) => [(byte)EnvelopeKind.Message, .. bodies.SelectMany(Record)];

    public static byte[] Positioned(long seq, string epoch, params byte[][] bodies) =>
        [(byte)EnvelopeKind.PositionedMessage, .. Number(seq), (byte)epoch.Length, .. Encoding.ASCII.GetBytes(epoch),
            .. bodies.SelectMany(Record)];

    public static byte[] Presence(string user, string info, long before = 1, long version = 2, byte joined = 1, int count = 1)
    {
        byte[] head = new byte[11];
        head[0] = joined;
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(1), count);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(5), (ushort)Encoding.UTF8.GetByteCount(user));
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(7), Encoding.UTF8.GetByteCount(info));
        return [(byte)EnvelopeKind.Presence, .. Number(before), .. Number(version), .. head, .. Encoding.UTF8.GetBytes(user + info)];
    }

    /// <summary>Runs a script; <c>$n</c> in it stands for the bytes given.</summary>
    public static Task<string> EvalAsync(this RedisServer redis, string script, params byte[][] values)
    {
        for (int i = 0; i < values.Length; i++)
            script = script.Replace($"${i}", Literal(values[i]), StringComparison.Ordinal);
        return redis.CommandAsync("EVAL", script, "0");
    }

    private static byte[] Number(long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }

    private static string Literal(byte[] bytes) =>
        $"'{string.Concat(bytes.Select(value => "\\" + value.ToString("000", CultureInfo.InvariantCulture)))}'";
}
