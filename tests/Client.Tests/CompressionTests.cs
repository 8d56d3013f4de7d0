using Gateway.TestSupport;

namespace Gateway.Client.Tests;

/// <summary><see cref="GatewayClientOptions.Compress"/>.</summary>
public sealed class CompressionTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Messages_are_compressed_both_ways_where_the_client_asks_for_it(bool compresses)
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        using var measured = new Measurements(server);
        await using var client = new GatewayClient(
            new GatewayClientOptions { Url = Clients.Url(server.PublicPort), Compress = compresses });
        await using var subscription = client.Subscribe<string>("log:a");
        await subscription.Started.WaitAsync(Clients.Deadline);
        string[] contents = ["short", new('a', 10_000), new('ä', 5_000)];

        foreach (string content in contents)
            await client.PublishAsync("log:a", content, cancellationToken: Clients.Deadline);

        Assert.Equal(contents, await subscription.TakeAsync(contents.Length));
        Assert.Equal(compresses, measured["gateway.inflate.output"] > 30_000);
        Assert.Equal(compresses, measured["gateway.network.saved"] > 30_000);
    }
}
