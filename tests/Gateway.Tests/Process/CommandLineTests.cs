using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Process;

/// <summary>The command line of the executable, as docs/configuration.md describes it.</summary>
public sealed class CommandLineTests
{
    private const string Secret = "a secret that is long enough for HMAC";

    [Theory]
    [InlineData("")]
    [InlineData("run")]
    public async Task Run_is_what_it_does_without_a_command(string command)
    {
        await using var gateway = await GatewayProcess.StartAsync(
            new GatewayLaunch { Command = Command(command.Split(' ', StringSplitOptions.RemoveEmptyEntries)) });

        Assert.Contains("clients    ws://", gateway.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("token", "--help")]
    public async Task Help_names_the_commands_and_starts_nothing(params string[] words)
    {
        var (code, output, errors) = await RunAsync(words);

        Assert.Equal((0, ""), (code, errors));
        string[] expected = words.Length == 1
            ? ["run", "check", "config", "token", "health", "--version"]
            : ["--user", "--channel", "--expires"];
        foreach (string known in expected)
            Assert.Contains(known, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_is_one_line()
    {
        var (code, output, errors) = await RunAsync("--version");

        Assert.Equal((0, ""), (code, errors));
        Assert.Matches(@"\AGateway \d+\.\d+\.\d+\n\z", output);
    }

    [Theory]
    [InlineData("chek", "There is no command 'chek'; the nearest is 'check'. --help lists all.")]
    [InlineData("--halp", "There is no option '--halp'; the nearest is '--help'. --help lists all.")]
    [InlineData("chekc", "There is no command 'chekc'; the nearest is 'check'. --help lists all.")]
    [InlineData("rnu", "There is no command 'rnu'; the nearest is 'run'. --help lists all.")]
    [InlineData("start", "There is no command 'start'. --help lists all.")]
    [InlineData("--public=http://127.0.0.1:1", "There is no option '--public'; the nearest is Gateway:Public. --help lists all.")]
    [InlineData("--moonlight", "There is no option '--moonlight'. --help lists all.")]
    public async Task An_unknown_word_is_an_error_with_the_nearest_name_and_never_a_start(string word, string error)
    {
        var (code, output, errors) = await RunAsync(word);

        Assert.Equal((1, "", error + "\n"), (code, output, errors));
    }

    [Theory]
    [InlineData(
        "--Limits:MessageBytes=2000", "--Limits:MessageBytes: there is no such setting; the nearest is Gateway:Limits:MessageBytes")]
    [InlineData(
        "--Gateway_Limits_MessageBytes=2000",
        "--Gateway_Limits_MessageBytes: there is no such setting; the nearest is Gateway:Limits:MessageBytes")]
    [InlineData(
        "--Gateway__Limits__MessageBytes=2000",
        "--Gateway__Limits__MessageBytes: there is no such setting; the nearest is Gateway:Limits:MessageBytes")]
    [InlineData(
        "--Gateway:Limits:MesageBytes=2000",
        "--Gateway:Limits:MesageBytes: there is no such setting; the nearest is Gateway:Limits:MessageBytes")]
    [InlineData(
        "--Gateway:Namespaces:chat:Histroy=5",
        "--Gateway:Namespaces:chat:Histroy: there is no such setting; the nearest is Gateway:Namespaces:chat:History")]
    [InlineData("--Gateway:Moonlight=true", "--Gateway:Moonlight: there is no such setting")]
    public async Task A_setting_that_does_not_exist_is_an_error_of_every_command(string setting, string problem)
    {
        foreach (string[] command in new string[][] { [], ["run"], ["check"], ["health"], ["token", "--user", "ann"] })
        {
            var (code, output, errors) = await RunAsync([.. command, setting, "--Gateway:Auth:Secret=" + Secret]);

            Assert.Equal((1, "", $"The configuration has a problem:\n  * {problem}\n"), (code, output, errors));
        }
    }

    [Fact]
    public async Task A_value_may_stand_by_itself_and_settings_of_the_log_and_the_host_are_none_of_the_gateways()
    {
        var (code, output, _) = await RunAsync(
            "check", "--Gateway:Development=true", "--Gateway:Node", "edge-1", "--Logging:LogLevel:Default=None", "--environment=Staging",
            "/Gateway:Limits:Connections=7");

        Assert.Equal(0, code);
        Assert.Contains("Gateway:Node = edge-1   (command line)\n", output, StringComparison.Ordinal);
        Assert.Contains("Gateway:Limits:Connections = 7   (command line)\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_prints_what_holds_and_where_it_comes_from_but_no_secret()
    {
        var launch = new GatewayLaunch
        {
            AppSettings = """{ "Gateway": { "Limits": { "MessageBytes": 1024 }, "Api": { "Keys": [ "key-of-a-backend" ] } } }""",
            Environment = new Dictionary<string, string>
            {
                ["Gateway__Auth__Secret"] = Secret,
                ["Gateway__Redis__Addresses"] = "10.0.0.5:6379,password=hunter2@hunter3,user=ann",
                ["Gateway__Hooks__Secret"] = "another secret, of hooks",
                ["Gateway__Hooks__Url"] = "http://127.0.0.1:9/hooks",
            },
            Command = Command("check"),
            Development = false,
        };
        await using var check = GatewayProcess.Launch(launch);

        Assert.Equal((0, ""), (await check.ExitAsync(), check.Errors));
        foreach (string line in new[]
        {
            "Gateway:Limits:MessageBytes = 1024   (appsettings.json)", "Gateway:Limits:ChannelName = 255   (default)",
            "Gateway:Auth:Secret = ***   (environment)",
            "Gateway:Auth:Required = true   (default)",
            "Gateway:Api:Keys:0 = ***   (appsettings.json)",
            "Gateway:Redis:Addresses = 10.0.0.5:6379,password=***,user=***   (environment)", "Gateway:Hooks:Secret = ***   (environment)",
            "Gateway:Auth:Issuer = (none)   (default)", "Gateway:Public = http://127.0.0.1:0   (command line)",
        })
            Assert.Contains(line + "\n", check.Output, StringComparison.Ordinal);
        foreach (string secret in new[] { Secret, "hunter2", "hunter3", "key-of-a-backend", "of hooks" })
            Assert.DoesNotContain(secret, check.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_fails_with_the_problems_that_run_would_fail_with()
    {
        var (code, output, errors) = await RunAsync("check", "--Gateway:Limits:MessageBytes=many");

        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith("The configuration has 2 problems:\n", errors, StringComparison.Ordinal);
        Assert.Contains("Gateway:Limits:MessageBytes: 'many' must be a whole number", errors, StringComparison.Ordinal);
        Assert.Contains("Gateway:Auth:Secret: no key for tokens is configured", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_output_of_config_is_all_that_a_gateway_and_its_tokens_need()
    {
        var (code, starter, errors) = await RunAsync("config");
        Assert.Equal((0, ""), (code, errors));
        var launch = new GatewayLaunch { AppSettings = starter, Development = false };
        await using var gateway = await GatewayProcess.StartAsync(launch);
        await using var signing = GatewayProcess.Launch(
            launch with { Command = Command("token", "--user", "ann", "--channel", "chat:*=subscribe,publish") });
        Assert.Equal(0, await signing.ExitAsync());

        await using var client = await JsonClient.ConnectAsync(
            gateway.WebSocketUri, options => options.SetRequestHeader("Authorization", "Bearer " + signing.Output.Trim()));
        await client.SendAsync("""{"type":"subscribe","channel":"chat:1"}""");
        await client.ReceiveAsync("subscribed");

        Assert.Equal("ann", client.User);
        Assert.DoesNotContain("WARNING    Gateway:", gateway.Output, StringComparison.Ordinal);
        Assert.Contains("chat (history 100 for 00:05:00) (presence)", gateway.Output, StringComparison.Ordinal);
        Assert.NotEqual(starter, (await RunAsync("config")).Output);
    }

    [Fact]
    public async Task A_token_has_the_claims_of_the_options()
    {
        var (code, token, errors) = await RunAsync(
            "token", "--user", "ann", "--channel", "chat:*=subscribe,publish", "--channel=news=presence", "--subscription", "chat:1",
            "--expires", "15m",
            "--Gateway:Auth:Secret=" + Secret, "--Gateway:Auth:Issuer=tests");

        Assert.Equal((0, ""), (code, errors));
        var claims = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1])).RootElement;
        Assert.Equal(("ann", "tests"), (claims.Text("sub"), claims.Text("iss")));
        Assert.Equal("""{"chat:*":["subscribe","publish"],"news":["presence"]}""", claims.GetProperty("channels").GetRawText());
        Assert.Equal("""["chat:1"]""", claims.GetProperty("subscriptions").GetRawText());
        Assert.InRange(claims.GetProperty("exp").GetInt64() - DateTimeOffset.UtcNow.ToUnixTimeSeconds(), 800, 900);
        Assert.Equal(SigningKey.OfSecret(Secret).Sign(claims.GetRawText()), token.Trim());
    }

    [Theory]
    [InlineData("Option '--user' is required.", "token")]
    [InlineData("--channel 'chat' must look like 'chat:*=subscribe,publish'.", "token", "--user", "ann", "--channel", "chat")]
    [InlineData(
        "--channel 'chat=publsh': there is no right 'publsh'; the nearest is 'publish'. There are subscribe, publish, presence, history.",
        "token", "--user", "ann", "--channel", "chat=publsh")]
    [InlineData("--expires 'soon' must look like 90s, 15m, 1h or 7d.", "token", "--user", "ann", "--expires", "soon")]
    [InlineData("There is no option '--usr'; the nearest is '--user'. --help lists all.", "token", "--usr", "ann")]
    public async Task A_wrong_option_is_explained_in_one_line(string error, params string[] words)
    {
        var (code, output, errors) = await RunAsync(words);

        Assert.Equal((1, ""), (code, output));
        Assert.Equal(error, errors.Split('\n')[0]);
    }

    [Fact]
    public async Task Without_a_secret_there_is_no_token()
    {
        var (code, output, errors) = await RunAsync("token", "--user", "ann");

        Assert.Equal((1, ""), (code, output));
        Assert.Contains("Gateway:Auth:Secret: is not set", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_requests_the_gateway_that_runs_with_the_same_settings()
    {
        await using var gateway = await GatewayProcess.StartAsync();
        string where = $"--Gateway:Internal=http://127.0.0.1:{gateway.InternalPort}";

        Assert.Equal((0, "{\"status\":\"ready\"}\n", ""), await RunAsync("health", where));
        Assert.Equal((0, "{\"status\":\"ready\"}\n", ""), await RunAsync("health", "ready", where));
        Assert.Equal((0, "{\"status\":\"live\"}\n", ""), await RunAsync(where, "health", "live"));
        gateway.Terminate();
        await gateway.ExitAsync();
        var (code, output, errors) = await RunAsync("health", where);
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith($"No answer from http://127.0.0.1:{gateway.InternalPort}/health/ready: ", errors, StringComparison.Ordinal);
    }

    private static string[] Command(params string[] words) => [.. GatewayProcess.Executable, .. words];

    /// <summary>Runs the executable with these words alone, to its end.</summary>
    private static async Task<(int Code, string Output, string Errors)> RunAsync(params string[] words)
    {
        await using var process = GatewayProcess.Launch(new GatewayLaunch { Command = Command(words), Bare = true });
        return (await process.ExitAsync(), process.Output, process.Errors);
    }
}
