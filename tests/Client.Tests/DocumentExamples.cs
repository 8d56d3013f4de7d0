using System.Text.Json.Serialization;
using Gateway.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Client.Tests;

/// <summary>
/// The examples of docs/clients.md and of the package's README, as they stand there; <see cref="DocumentTests"/> runs and compares them.
/// Stateless.
/// </summary>
internal static partial class DocumentExamples
{
    /// <param name="url">Takes the place of the example's fixed address.</param>
    /// <param name="Console">Takes the place of the program's console.</param>
    public static async Task FirstAsync(Uri url, TextWriter Console)
    {
        await using var client = new GatewayClient(new GatewayClientOptions { Url = url });
        await using var news = client.Subscribe<string>("news");
        await news.Started;

        await client.PublishAsync("news", "hello");

        await foreach (var message in news)
        {
            Console.WriteLine($"{message.Sender}: {message.Content}");
            break;
        }
    }

    public static GatewayClientOptions Compressing(Uri url)
    {
        var options = new GatewayClientOptions { Url = url, Compress = true };
        return options;
    }

    public static async Task RegisterAsync(
        IServiceCollection services, Uri url, Func<CancellationToken, ValueTask<string?>> fetchTokenAsync)
    {
        services.AddGatewayClient(provider => new GatewayClientOptions
        {
            Url = url,
            Token = cancellation => fetchTokenAsync(cancellation),
        });

        await using var provider = services.BuildServiceProvider();
        await provider.GetRequiredService<GatewayClient>().ConnectAsync(Clients.Deadline);
    }

    public static async Task StateAsync(
        GatewayClient client, Func<CancellationToken, ValueTask> loadAsync, Action<Order> apply, CancellationToken stop)
    {
        await using var orders = client.Subscribe("orders:1", Contents.Default.Order, new SubscribeOptions
        {
            // Awaited before the next message. The missed messages cannot be recovered, so load the whole state.
            OnLoss = (loss, cancellation) => loadAsync(cancellation),
        });
        await orders.Started;
        await loadAsync(stop);
        await foreach (var message in orders.WithCancellation(stop))
            apply(message.Content!);
    }

    public static async Task<bool> TryPublishAsync(GatewayClient client, Order order)
    {
        try
        {
            await client.PublishAsync("orders:1", order, Contents.Default.Order, new PublishOptions { Key = $"order-{order.Number}" });
            return true;
        }
        catch (GatewayException failure) when (failure.Code is GatewayErrorCode.Unavailable or GatewayErrorCode.QueueFull)
        {
            // The message was not published. Try again later; with the same key that is safe.
            return false;
        }
    }

    public static async Task PicturesAsync(GatewayClient client, ReadOnlyMemory<byte> picture)
    {
        await client.PublishBytesAsync("pictures", picture);
        await client.PublishAsync("pictures", "a cat", new PublishOptions { Attachments = [picture] });
    }

    public static async Task<List<int>> HistoryAsync(GatewayClient client)
    {
        var numbers = new List<int>();
        await foreach (var message in client.ReadHistoryAsync("orders:1", Contents.Default.Order))
            numbers.Add(message.Content!.Number);
        return numbers;
    }

    public static async Task PresenceAsync(GatewayClient client, TextWriter Console, CancellationToken stop)
    {
        await using var room = client.Subscribe<string>("room:lobby");
        await foreach (var state in room.WatchPresenceAsync(stop))
            Console.WriteLine($"{state.Count} here, {state.Joined.Count} came, {state.Left.Count} left");
    }

    public sealed record Order(int Number, decimal Price);

    [JsonSerializable(typeof(Order))]
    public sealed partial class Contents : JsonSerializerContext;
}
