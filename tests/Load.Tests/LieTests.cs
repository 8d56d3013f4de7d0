using Gateway.Load.Dialects;

namespace Gateway.Load.Tests;

public sealed class LieTests
{
    [Theory]
    [InlineData(Lie.Lose, "got message 10 of client 0 to load:", " where 9 was due")]
    [InlineData(Lie.Swap, "got message 10 of client 0 to load:", " where 9 was due")]
    [InlineData(Lie.Repeat, "got message 9 of client 0 to load:", " where 10 was due")]
    [InlineData(Lie.Change, "message 9 of client 0 to load:", " came changed")]
    public async Task A_server_that_lies_is_found_out(Lie lie, params string[] said)
    {
        await using var server = new LyingServer(lie);

        var report = await Runs.RunAsync("fanout", server.Url, options => options with { Dialect = JsonDialect.Plain, InFlight = 4 });

        Assert.All(said, part => Assert.Contains(part, report.Problems.First[0], StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_loss_that_nothing_follows_is_found_when_its_time_is_over()
    {
        await using var server = new LyingServer(Lie.Lose);

        var report = await Runs.RunAsync(
            "fanout", server.Url, options => options with { Dialect = JsonDialect.Plain, Timeout = TimeSpan.FromSeconds(2) });

        Assert.Contains("9 of 10 messages of client 0", Assert.Single(report.Problems.First), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_lie_is_believed()
    {
        await using var server = new LyingServer(Lie.None);

        var report = await Runs.RunAsync("fanout", server.Url, options => options with { Dialect = JsonDialect.Plain, InFlight = 4 });

        Assert.Empty(report.Problems.First);
    }

    [Fact]
    public async Task A_pause_of_the_server_is_seen_by_all_messages_that_were_due_meanwhile()
    {
        await using var server = new LyingServer(Lie.Hang);

        var report = await Runs.RunAsync(
            "fanout",
            server.Url,
            options => options with { Dialect = JsonDialect.Plain, Connections = 1, Rate = 100, Duration = TimeSpan.FromSeconds(2) });

        Assert.Empty(report.Problems.First);
        // It hangs for a second: of the 200, those due in its first half waited at least half a second.
        var delivery = report.Series.Single(series => series.Name == "delivery");
        Assert.True(delivery.Curve.Single(point => point.Share is > 0.82 and < 0.83).Milliseconds >= 500);
    }

    [Fact]
    public async Task The_exit_code_tells()
    {
        await using var honest = new LyingServer(Lie.None);
        await using var lying = new LyingServer(Lie.Repeat);

        Assert.Equal(0, await ExitCodeAsync(honest.Url));
        Assert.Equal(1, await ExitCodeAsync(lying.Url));
    }

    [Fact]
    public async Task Nobody_there_is_a_problem_too()
    {
        var server = new LyingServer(Lie.None);
        var url = server.Url;
        await server.DisposeAsync();

        Assert.Contains("cannot connect", (await Runs.RunAsync("fanout", url)).Problems.First[0], StringComparison.Ordinal);
    }

    private static Task<int> ExitCodeAsync(Uri url) =>
        LoadCommand.Root().Parse($"fanout --url {url} --dialect plain --connections 5 --seconds 0.3 --warmup 0 --quiet").InvokeAsync();
}
