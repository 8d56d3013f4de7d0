using System.Globalization;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Reaching;

/// <summary>The forms of Redis's address, as in scaling under "Reaching Redis".</summary>
public sealed class AddressFormTests
{
    [Fact]
    public async Task By_a_password_with_commas_and_semicolons_in_it()
    {
        const string Password = "a,b;c=d, and \"more\"";
        await using var redis = await RedisServer.StartAsync();
        await redis.CommandAsync("CONFIG", "SET", "requirepass", Password);
        await using var pair = await NodePair.StartAsync(redis.Address, "Redis:Password=" + Password);

        await pair.DoEverythingAsync();
    }

    [Fact]
    public async Task With_several_servers_that_have_a_password_each()
    {
        await using var first = await RedisServer.StartAsync();
        await using var second = await RedisServer.StartAsync();
        await first.CommandAsync("CONFIG", "SET", "requirepass", "one");
        await second.CommandAsync("CONFIG", "SET", "requirepass", "two");
        await using var pair = await NodePair.StartAsync($"{first.Address};{second.Address},password=two", "Redis:Password=one");

        await pair.DoEverythingAsync();
    }

    [Fact]
    public async Task By_name()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var pair = await NodePair.StartAsync(string.Create(CultureInfo.InvariantCulture, $"localhost:{redis.Port}"));

        await pair.DoEverythingAsync();
    }

    [Fact]
    public async Task By_IPv6()
    {
        await using var redis = await RedisServer.StartAsync(persistent: false, ["--bind", "127.0.0.1", "::1"]);
        await using var pair = await NodePair.StartAsync(string.Create(CultureInfo.InvariantCulture, $"[::1]:{redis.Port}"));

        await pair.DoEverythingAsync();
    }

    [Fact]
    public async Task By_a_Unix_socket()
    {
        var folder = Directory.CreateTempSubdirectory("redis-socket-");
        try
        {
            string path = Path.Combine(folder.FullName, "redis.sock");
            await using var redis = await RedisServer.StartAsync(persistent: false, ["--unixsocket", path]);
            await using var pair = await NodePair.StartAsync("!" + path);

            await pair.DoEverythingAsync();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
