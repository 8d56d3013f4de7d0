using Gateway.TestSupport;
using Gateway.Server.Auth;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Redis.Faults;

/// <summary>
/// A gateway on a Redis whose time passes only when a test says so, so that a slow machine changes nothing. Redis's own time passes as
/// always. For one test.
/// </summary>
internal sealed class TimedNode : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private TimedNode(GatewayServer server, ManualTime time) => (Server, Time) = (server, time);

    public GatewayServer Server { get; }

    public ManualTime Time { get; }

    /// <summary>A node that is ready, with the settings of <see cref="Node"/> and a clock of its own.</summary>
    public static Task<TimedNode> StartAsync(string addresses, params string[] more) => StartAsync(new ManualTime(), addresses, more);

    /// <summary>A node that shares its clock with others.</summary>
    public static async Task<TimedNode> StartAsync(ManualTime time, string addresses, params string[] more)
    {
        var node = await LaunchAsync(time, addresses, more);
        await node.Server.IsReadyAsync();
        return node;
    }

    /// <summary>As <see cref="StartAsync(ManualTime, string, string[])"/>, whether the node becomes ready or not.</summary>
    public static async Task<TimedNode> LaunchAsync(
        ManualTime time, string addresses, string[] more, Action<IServiceCollection>? configure = null)
    {
        var server = await GatewayServer.StartAsync(Node.Settings(addresses, more), services =>
        {
            services.AddSingleton<TimeProvider>(time).AddSingleton<IAuthenticator, QueryAuthenticator>();
            configure?.Invoke(services);
        });
        return new TimedNode(server, time);
    }

    /// <summary>Lets time pass.</summary>
    public Task PassAsync(TimeSpan time) => Time.PassAsync(time, Step);

    /// <summary>Lets time pass until a task has completed.</summary>
    public async Task<T> PassUntilAsync<T>(Task<T> task)
    {
        await Time.PassUntilAsync(task, Step);
        return await task;
    }

    /// <summary>Lets time pass until a task has completed.</summary>
    public Task PassUntilAsync(Task task) => Time.PassUntilAsync(task, Step);

    /// <summary>Lets time pass until the node is ready.</summary>
    public Task IsReadyAsync() => PassUntilAsync(Server.IsReadyAsync());

    /// <summary>Lets time pass until the node is not ready.</summary>
    public Task IsNotReadyAsync() => PassUntilAsync(Server.IsNotReadyAsync());

    /// <summary>Lets time pass until the node has stopped.</summary>
    public ValueTask DisposeAsync() => new(PassUntilAsync(Server.DisposeAsync().AsTask()));
}
