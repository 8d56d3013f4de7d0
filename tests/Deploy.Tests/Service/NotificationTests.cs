using System.Net.Sockets;
using System.Text;
using Gateway.TestSupport;

namespace Gateway.Deploy.Tests.Service;

/// <summary>The notifications of a gateway to systemd, which listens on a datagram socket.</summary>
public sealed class NotificationTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("service-");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_is_ready_when_its_ports_are_open_and_stopping_when_it_begins_to_drain(bool isAbstract)
    {
        string name = isAbstract ? "@gateway-" + Guid.NewGuid().ToString("N") : Path.Combine(_folder.FullName, "notify");
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + name[1..] : name));
        await using var gateway = GatewayProcess.Launch(new GatewayLaunch
        {
            Settings = ["Drain:Duration=01:00:00"],
            Environment = new Dictionary<string, string> { ["NOTIFY_SOCKET"] = name },
        });

        Assert.Equal("READY=1", await NextAsync(manager));
        await gateway.SaysAsync("namespaces");
        var clients = new[] { await JsonClient.ConnectAsync(gateway.WebSocketUri), await JsonClient.ConnectAsync(gateway.WebSocketUri) };

        gateway.Terminate();
        Assert.Equal("STOPPING=1", await NextAsync(manager));
        foreach (var client in clients)
            client.Socket.Abort();
        Assert.Equal(0, await gateway.ExitAsync());
        Assert.Empty(gateway.Errors);
    }

    [Fact]
    public async Task A_manager_that_is_not_there_is_logged_and_nothing_else()
    {
        await using var gateway = await GatewayProcess.StartAsync(new GatewayLaunch
        {
            Environment = new Dictionary<string, string> { ["NOTIFY_SOCKET"] = Path.Combine(_folder.FullName, "nobody") },
        });

        await gateway.SaysAsync("The service manager could not be told READY=1");
        await using var client = await JsonClient.ConnectAsync(gateway.WebSocketUri);
    }

    private static async Task<string> NextAsync(Socket manager)
    {
        byte[] datagram = new byte[256];
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        return Encoding.UTF8.GetString(datagram, 0, await manager.ReceiveAsync(datagram, deadline.Token));
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
