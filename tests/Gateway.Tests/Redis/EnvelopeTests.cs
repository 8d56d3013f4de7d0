using System.Text;
using System.Text.Json;
using Gateway.Backplane;
using Gateway.Backplane.Redis;
using Gateway.Protocol.Messages;

namespace Gateway.Tests.Redis;

public sealed class EnvelopeTests
{
    [Theory]
    [InlineData("ann", "c-1", "{}", null)]
    [InlineData("a \"quoted\" one", null, "\"\"", null)]
    [InlineData("", "x", "1", null)]
    [InlineData("ann", "c-1", "{}", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    [InlineData("", null, "1", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    public void A_body_is_read_as_it_was_written(string sender, string? except, string content, string? trace)
    {
        var encoded = sender.Length == 0 ? default : JsonText.Encode(sender);
        var request = new PublishRequest { Content = Encoding.UTF8.GetBytes(content), Sender = encoded, Except = except, Trace = trace };
        byte[] bytes = new byte[MessageBody.SizeOf(request)];
        MessageBody.Write(bytes, request, 123);

        Assert.True(MessageBody.TryRead(bytes, out var body));
        Assert.Equal(123, body.Time);
        Assert.Equal(except, body.Except);
        Assert.Equal(trace, body.Trace);
        Assert.Equal(content, Encoding.UTF8.GetString(body.Content));
        Assert.Equal(encoded.Value ?? "", body.EncodedSender(default).Value ?? "");
    }

    [Fact]
    public void Any_bytes_are_read_or_refused()
    {
        var random = new Random(1);
        for (int i = 0; i < 100_000; i++)
        {
            byte[] bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            if (bytes.Length > 0 && i % 2 == 0)
                bytes[0] = (byte)random.Next(0x11, 0x14);
            if (Envelope.TryRead(bytes, out var envelope) && envelope.Kind != EnvelopeKind.Presence)
            {
                foreach (var record in envelope.Records)
                    _ = MessageBody.TryRead(record, out _);
            }
        }
    }
}
