using System.Text;
using System.Text.Json;
using Gateway.Bench.Deflating;
using Gateway.Protocol.Messages;

namespace Gateway.Bench.Smoke;

/// <summary>The benchmarks' methods and what each may allocate. Stateless.</summary>
internal static class SmokeOperations
{
    /// <summary>
    /// Bytes per publish, and so per 1,000 deliveries. The path itself needs none; but every round may see the thread pool start
    /// a thread, some 2 KB over its 500 or more publishes. The smallest object is 24 bytes: one per publish is still found.
    /// </summary>
    private const double PublishNoise = 4;

    /// <summary>The same thread, over a round's 10,000 deliveries.</summary>
    private const double DeliveryNoise = 0.2;

    /// <summary>
    /// What visits all connections is made for each tick, some 500 bytes; the smallest object for each of them would be 24.
    /// </summary>
    private const double TickNoise = 2;

    /// <summary>The content's array is kept and nothing else: its header and length, and the bytes rounded up to whole words.</summary>
    private static double KeptContent => KeptArray(Encoding.UTF8.GetByteCount(PublishFanOut.Content));

    /// <summary>An attachment is kept with its length.</summary>
    private static double KeptBytes => KeptArray(Attachments.HeaderSize(1) + Encoding.UTF8.GetByteCount(PublishFanOut.Content));

    private static double KeptArray(int length) => 24 + ((length + 7) & ~7);

    /// <summary>Each is made when it is its turn, and what it needed is cleaned up after it.</summary>
    public static IEnumerable<Operation> All()
    {
        Func<IEnumerable<Operation>>[] groups =
        [
            Reading, Writing, Lookups, Sending, Streaming, Waiting, Echoing,
            Compressing, () => Publishing(history: false), () => Publishing(history: true), () => Publishing(history: false, streams: true),
            () => Publishing(history: false, bytes: true), () => Publishing(history: true, bytes: true),
            () => Publishing(compressing: 0), () => Publishing(PublishFanOut.Subscribers / 2), () => Publishing(PublishFanOut.Subscribers),
        ];
        return groups.SelectMany(group => group());
    }

    private static IEnumerable<Operation> Reading()
    {
        var frames = new FrameReading();
        yield return new("frame, 128 B", () => frames.Small(), Allowed: 0);
        yield return new("frame, 64 KiB", () => frames.Large(), Allowed: 0);
        yield return new("frame, 128 B in two segments", () => frames.SmallInTwoSegments(), Allowed: 0);
        foreach (int bytes in new[] { 128, 64 * 1024 })
        {
            var unmasking = new Unmasking { Bytes = bytes };
            unmasking.Setup();
            yield return new($"unmasking, {bytes} B", () => unmasking.Apply(), Allowed: 0);
        }
        var upgrade = new UpgradeParsing();
        yield return new("upgrade: telling it from a request", () => upgrade.Classify(), Allowed: 0);
        foreach (string letters in new[] { "a", "\u20ac" })
        {
            var text = new TextValidation { Bytes = 64 * 1024, Letters = letters };
            text.Setup();
            yield return new($"validating text in pieces, 64 KiB of {letters}", () => text.InPieces(), Allowed: 0, Calls: 1_000);
        }
        var messages = new MessageReading();
        yield return new("reading a message", () => messages.Message(), Allowed: 0);
        yield return new("reading a message of bytes", () => messages.Attached(), Allowed: 0);
        yield return new("reading a subscribe", () => messages.Subscribe(), Allowed: 0);
    }

    private static IEnumerable<Operation> Writing()
    {
        var messages = new MessageWriting();
        yield return new("writing a message", () => messages.Message(), Allowed: 0);
        yield return new("writing a message of bytes", () => messages.Attached(), Allowed: 0);
        yield return new("writing an ack", () => messages.Ack(), Allowed: 0);
    }

    private static IEnumerable<Operation> Lookups()
    {
        var channels = new ChannelLookup();
        channels.Setup();
        yield return new("channel: find", () => channels.Find(), Allowed: 0);
        yield return new("channel: hold and release", channels.HoldAndRelease, Allowed: 0);
        yield return new("channel: hold and release, first and last", channels.HoldAndReleaseUnused, Allowed: null);
        channels.Cleanup();
    }

    private static IEnumerable<Operation> Sending()
    {
        var writer = new WriterSending();
        writer.Setup();
        yield return new("writer: reply", writer.Reply, Allowed: 0);
        yield return new("writer: delivery", writer.Delivery, Allowed: DeliveryNoise);
        writer.Cleanup();
    }

    private static IEnumerable<Operation> Streaming()
    {
        var streams = new EventStreaming();
        streams.Setup();
        yield return new("event stream: message", streams.Message, Allowed: 0);
        yield return new("event stream: message with position", streams.MessageWithPosition, Allowed: 0);
        streams.Cleanup();
    }

    private static IEnumerable<Operation> Waiting()
    {
        var heartbeats = new Heartbeats();
        heartbeats.Setup();
        yield return new("clock: connection with nothing due", heartbeats.QuietTick, TickNoise, Heartbeats.Connections, Calls: 500);
        yield return new("clock: ping and pong of a connection", heartbeats.PingAndPong, TickNoise, Heartbeats.Connections, Calls: 20);
        heartbeats.Cleanup();
    }

    private static IEnumerable<Operation> Echoing()
    {
        var echo = new EchoRoundTrip();
        echo.Setup();
        yield return new("echo", echo.Gateway, Allowed: 0);
        echo.Cleanup();
    }

    private static IEnumerable<Operation> Compressing()
    {
        foreach (int bytes in new[] { 1024, 16 * 1024 })
        {
            var deflating = new MessageDeflating { Bytes = bytes };
            deflating.Setup();
            yield return new($"deflating, {bytes} B", () => deflating.Deflate(), Allowed: 0, Calls: 1_000);
            deflating.Cleanup();
            var inflating = new MessageInflating { Bytes = bytes };
            inflating.Setup();
            yield return new($"compressed frame, {bytes} B", () => inflating.Inflate(), Allowed: 0, Calls: 1_000);
        }
    }

    /// <summary>Publishes of 1 KB, to subscribers of which so many have agreed on compression.</summary>
    private static IEnumerable<Operation> Publishing(int compressing)
    {
        string content = JsonSerializer.Serialize(Encoding.UTF8.GetString(JsonMessage.Of(1024)));
        var publishing = new PublishFanOut { Compressing = compressing, OtherContent = content };
        publishing.Setup();
        string to = $"publish 1 KB to {PublishFanOut.Subscribers}, {compressing} of them compressing";
        yield return new(to, publishing.One, PublishNoise, Calls: 500);
        yield return new(
            $"{to}, {PublishFanOut.InFlight} in flight", publishing.SeveralInFlight, PublishNoise, PublishFanOut.InFlight, Calls: 500);
        publishing.Cleanup();
    }

    private static IEnumerable<Operation> Publishing(bool history, bool streams = false, bool bytes = false)
    {
        var publishing = new PublishFanOut { History = history, Streams = streams, Bytes = bytes };
        publishing.Setup();
        double allowed = PublishNoise + (history ? bytes ? KeptBytes : KeptContent : 0);
        string to = $"to {PublishFanOut.Subscribers}{(history ? ", history" : "")}{(streams ? ", half of them streams" : "")}";
        string what = bytes ? "publish bytes" : "publish";
        yield return new($"{what} {to}", publishing.One, allowed, Calls: 500);
        yield return new(
            $"{what} {to}, {PublishFanOut.InFlight} in flight", publishing.SeveralInFlight, allowed, PublishFanOut.InFlight, Calls: 1_000);
        publishing.Cleanup();
    }
}
