using Gateway.TestSupport;

namespace Gateway.Tests.Process;

/// <summary>Settings as users give them: in a file, in the environment, on the command line.</summary>
public sealed class ConfigurationTests
{
    private const string StackFrame = "   at ";

    [Fact]
    public async Task All_problems_are_shown_at_once_wherever_the_values_come_from()
    {
        var launch = new GatewayLaunch
        {
            AppSettings = """{ "Gateway": { "Heartbeat": { "Ping": "25" }, "Namespaces": { "chat": { "Publish": "everyone" } } } }""",
            Environment = new Dictionary<string, string>
            {
                ["Gateway__Limits__MessageBytes"] = "many",
                ["Gateway__Namespaces__chat__History"] = "-1",
            },
            Settings = ["Internal=ftp://127.0.0.1", "Diagnostics:Echo=perhaps", "Drain:Duration=30"],
        };

        Assert.Equal(
            """
            The configuration has 7 problems:
              * Gateway:Internal: 'ftp://127.0.0.1' must look like http://127.0.0.1:8080 or https://…
              * Gateway:Limits:MessageBytes: 'many' must be a whole number from 128 to 268435456
              * Gateway:Heartbeat:Ping: '25' must be a time as hh:mm:ss from 00:00:00.0100000 to 1.00:00:00
              * Gateway:Drain:Duration: '30' must be a time as hh:mm:ss from 00:00:00 to 1.00:00:00
              * Gateway:Diagnostics:Echo: 'perhaps' must be true or false
              * Gateway:Namespaces:chat:History: '-1' must be a whole number from 0 to 1000000
              * Gateway:Namespaces:chat:Publish: 'everyone' must be one of anyone, signed-in, granted, nobody

            """, await RefusalAsync(launch));
    }

    [Fact]
    public async Task A_file_that_is_not_JSON_is_refused_with_its_name_and_the_place()
    {
        string refusal = await RefusalAsync(new GatewayLaunch { AppSettings = "{\n  \"Gateway\": oops\n}" });

        Assert.Contains("appsettings.json", refusal);
        Assert.Contains("LineNumber: 1", refusal);
        Assert.Single(refusal.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task The_command_line_wins_over_the_environment_and_that_over_the_file()
    {
        await using var gateway = await GatewayProcess.StartAsync(new GatewayLaunch
        {
            AppSettings = """
                {
                  "Gateway": {
                    "Node": "file",
                    "Limits": { "MessageBytes": 1024, "ChannelsPerConnection": 3 },
                    "Namespaces": { "chat": { "History": 9 } }
                  }
                }
                """,
            Environment = new Dictionary<string, string> { ["Gateway__Node"] = "environment", ["Gateway__Limits__MessageBytes"] = "2048" },
            Settings = ["Node=command"],
        });

        Assert.Contains("node command\n", gateway.Output);
        Assert.Contains("message 2 KiB", gateway.Output);
        Assert.Contains("3 channels per connection", gateway.Output);
        Assert.Contains("chat (history 9 for 00:05:00)", gateway.Output);
    }

    /// <summary>Returns the standard error of a gateway that does not start, and asserts that it writes nothing else.</summary>
    private static async Task<string> RefusalAsync(GatewayLaunch launch)
    {
        await using var gateway = GatewayProcess.Launch(launch);
        Assert.Equal(1, await gateway.ExitAsync());
        Assert.Empty(gateway.Output);
        Assert.DoesNotContain(StackFrame, gateway.Errors);
        return gateway.Errors;
    }
}
