using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

public sealed class OrderTests
{
    private const int Channels = 10;
    private const int SubscribersPerChannel = 20;
    private const int PublishersPerChannel = 4;
    private const int MessagesPerPublisher = 250;

    [Theory]
    [InlineData("plain")]
    [InlineData("log")]
    public async Task Two_hundred_clients_in_ten_channels_see_every_message_once_and_all_in_the_same_order(string ofNamespace)
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:log:History=100");
        string[] channels = [.. Enumerable.Range(0, Channels).Select(i => $"{ofNamespace}:{i}")];
        var reading = new List<Task<string[]>>();
        var clients = new List<JsonClient>();
        foreach (string channel in channels)
        {
            for (int i = 0; i < SubscribersPerChannel; i++)
            {
                var client = await JsonClient.ConnectAsync(server);
                clients.Add(client);
                await client.SubscribeAsync(channel);
                reading.Add(ReadAsync(client));
            }
        }

        // The publishers of a channel are subscribers of it or of another: both must work alike.
        var publishing = clients.Take(PublishersPerChannel * Channels).Select(
            (client, i) => PublishAsync(client, channels[i % Channels], i / Channels));
        await Task.WhenAll(publishing);
        string[][] received = await Task.WhenAll(reading);

        for (int channel = 0; channel < Channels; channel++)
        {
            string[] expected = received[channel * SubscribersPerChannel];
            foreach (string[] other in received.Skip(channel * SubscribersPerChannel).Take(SubscribersPerChannel))
                Assert.Equal(expected, other);
            for (int publisher = 0; publisher < PublishersPerChannel; publisher++)
            {
                string prefix = $"{publisher}-";
                Assert.Equal(
                    Enumerable.Range(0, MessagesPerPublisher).Select(i => prefix + i),
                    expected.Where(content => content.StartsWith(prefix, StringComparison.Ordinal)));
            }
        }
        foreach (var client in clients)
            await client.DisposeAsync();
    }

    private static async Task PublishAsync(JsonClient client, string channel, int publisher)
    {
        for (int i = 0; i < MessagesPerPublisher; i++)
            await client.PublishAsync(channel, $"\"{publisher}-{i}\"");
    }

    /// <summary>The contents in the order received. Seqs, where there are any, count up from 1.</summary>
    private static async Task<string[]> ReadAsync(JsonClient client)
    {
        string[] contents = new string[PublishersPerChannel * MessagesPerPublisher];
        for (int i = 0; i < contents.Length; i++)
        {
            var message = await client.ReceiveAsync("message");
            contents[i] = message.Text("content");
            Assert.Equal(i + 1, message.TryGetProperty("seq", out var seq) ? seq.GetInt64() : i + 1);
        }
        return contents;
    }
}
