using System.Globalization;
using Gateway.Server.Backplane.Redis;
using Gateway.TestSupport;
using Gateway.Tests.Redis.Faults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Redis.Reaching;

/// <summary>The log's reason why Redis cannot be reached or used: once, and without a secret, as in scaling under "Failures".</summary>
public sealed class WhyNotTests : IDisposable
{
    private const int Up = 121;
    private const int Away = 123;
    private const int AwayForNodes = 125;
    private const string Password = "hunter2";

    private readonly RecordedLog _log = new();

    [Fact]
    public async Task A_wrong_password()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CommandAsync("CONFIG", "SET", "requirepass", "another");
        await using var node = await LaunchAsync(redis.Address, "Redis:Password=" + Password);

        await SaysAsync($"Redis at {redis.Address} is out of reach: WRONGPASS invalid username-password pair or user is disabled.");
    }

    [Fact]
    public async Task No_password()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CommandAsync("CONFIG", "SET", "requirepass", "another");
        await using var node = await LaunchAsync(redis.Address);

        await SaysAsync($"Redis at {redis.Address} is out of reach: NOAUTH Returned - connection has not yet authenticated.");
    }

    [Fact]
    public async Task An_unknown_user()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CommandAsync("CONFIG", "SET", "requirepass", "another");
        await using var node = await LaunchAsync(redis.Address + ",user=ann,password=" + Password);

        await SaysAsync($"Redis at {redis.Address} is out of reach: WRONGPASS invalid username-password pair or user is disabled.");
    }

    [Fact]
    public async Task Nobody_there()
    {
        string address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{LoopbackPorts.Next()}");
        await using var node = await LaunchAsync(address, "Redis:Password=" + Password);

        await SaysAsync($"Redis at {address} is out of reach: Connection refused.");
    }

    [Fact]
    public async Task No_such_host()
    {
        await using var node = await LaunchAsync("no-such-host.invalid:6379", "Redis:Password=" + Password);

        await SaysAsync("Redis at no-such-host.invalid:6379 is out of reach: Name or service not known.");
    }

    [Fact]
    public async Task Nodes_of_a_cluster_with_a_reason_for_each()
    {
        string refused = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{LoopbackPorts.Next()}");
        await using var node = await LaunchAsync($"{refused},no-such-host.invalid:6379", "Redis:Password=" + Password);

        await SaysAsync(
            $"Redis at {refused},no-such-host.invalid:6379 is out of reach: {refused}: Connection refused; " +
            "no-such-host.invalid:6379: Name or service not known.");
    }

    [Fact]
    public async Task A_user_who_may_not_do_what_is_needed()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CommandAsync("ACL", "SETUSER", "ann", "on", ">" + Password, "~*", "&*", "+@all", "-script|load");
        await using var node = await LaunchAsync(redis.Address, "Redis:User=ann", "Redis:Password=" + Password);

        // The connection between nodes loads no scripts, and sends them whole where they are missing.
        await SaysAsync(
            $"Redis at {redis.Address} is out of reach: NOPERM this user has no permissions to run the 'script|load' command.",
            forNodes: false);
    }

    [Fact]
    public async Task Parts_of_an_unknown_command_that_redis_repeats_are_not_shown()
    {
        await using var redis = await RedisServer.StartAsync(persistent: false, ["--rename-command", "AUTH", ""]);
        await redis.CommandAsync("CONFIG", "SET", "requirepass", "another");
        await using var node = await LaunchAsync(redis.Address, "Redis:Password=" + Password);

        await Eventually.TrueAsync(() => _log.Of(Away).Count > 0 && _log.Of(AwayForNodes).Count > 0, "it is told");
        Assert.Contains("AUTH", _log.Of(Away)[0], StringComparison.Ordinal);
        Assert.Equal(
            "ERR unknown command 'AUTH'",
            RedisAttempt.Clean($"SimpleError: ERR unknown command 'AUTH', with args beginning with: '{Password}' "));
        Assert.DoesNotContain(_log.Lines, line => line.Text.Contains(Password, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_reason_is_told_again_and_so_is_the_same_after_it_was_there()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await LaunchAsync(redis.Address);
        await Eventually.TrueAsync(() => _log.Of(Up).Count == 1, "it is there");

        redis.Kill();
        await Eventually.TrueAsync(() => _log.Of(Away).Count == 1, "it is told that nobody is there");
        await redis.RestartAsync(keepData: false);
        await Eventually.TrueAsync(() => _log.Of(Up).Count == 2, "it is there again");
        redis.Kill();
        await Eventually.TrueAsync(() => _log.Of(Away).Count == 2, "it is told again");
        Assert.Equal(2, _log.Of(Away).Count(line => line.EndsWith("Connection refused.", StringComparison.Ordinal)));
    }

    public void Dispose() => _log.Dispose();

    /// <summary>Asserts that a line was logged once, although several attempts failed.</summary>
    private async Task SaysAsync(string line, bool forNodes = true)
    {
        await Eventually.TrueAsync(() => _log.Of(Away).Count > 0 && (!forNodes || _log.Of(AwayForNodes).Count > 0), "it is told");
        // Several attempts later.
        await Task.Delay(1_500, TestContext.Current.CancellationToken);
        Assert.Equal(line, Assert.Single(_log.Of(Away)));
        if (forNodes)
            Assert.EndsWith(line.Split(" is out of reach: ")[1], Assert.Single(_log.Of(AwayForNodes)), StringComparison.Ordinal);
        Assert.DoesNotContain(_log.Lines, logged => logged.Text.Contains(Password, StringComparison.Ordinal));
    }

    private Task<GatewayServer> LaunchAsync(string address, params string[] more) =>
        GatewayServer.StartAsync(Node.Settings(address, more), services => services.AddSingleton<ILoggerProvider>(_log));
}
