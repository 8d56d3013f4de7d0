using Gateway.TestSupport;

namespace Gateway.Tests.Auth;

/// <summary>Public keys from a file or a URL, and their replacement.</summary>
public sealed class JwksTests
{
    private static readonly SigningKey First = SigningKey.OfRsa("RS256", "first");
    private static readonly SigningKey Second = SigningKey.OfCurve("ES256", "second");

    [Fact]
    public async Task A_key_that_is_added_at_the_URL_is_known_as_soon_as_a_token_names_it()
    {
        await using var keys = await JwksServer.StartAsync(SigningKey.Jwks(First));
        await using var server = await StartAsync(keys);
        Assert.Equal(401, await StatusAsync(server, Second));

        server.Time.Advance(TimeSpan.FromSeconds(61));
        keys.Answer(SigningKey.Jwks(First, Second));

        await Eventually.TrueAsync(async () => await StatusAsync(server, Second) == 101, "the new key is believed");
        Assert.Equal(101, await StatusAsync(server, First));
    }

    [Fact]
    public async Task Tokens_that_name_unknown_keys_cause_one_read_a_minute_at_most()
    {
        await using var keys = await JwksServer.StartAsync(SigningKey.Jwks(First));
        await using var server = await StartAsync(keys);
        int before = keys.Requests;

        for (int i = 0; i < 20; i++)
            Assert.Equal(401, await StatusAsync(server, Second));

        Assert.Equal(before + 1, keys.Requests);
        server.Time.Advance(TimeSpan.FromSeconds(61));
        await Eventually.TrueAsync(
            async () =>
            {
                await StatusAsync(server, Second);
                return keys.Requests == before + 2;
            },
            "a minute later it is read once more");
    }

    [Fact]
    public async Task A_key_that_is_taken_back_is_believed_for_five_minutes_at_most()
    {
        await using var keys = await JwksServer.StartAsync(SigningKey.Jwks(First, Second));
        await using var server = await StartAsync(keys);
        Assert.Equal(101, await StatusAsync(server, First));
        keys.Answer(SigningKey.Jwks(Second));

        server.Time.Advance(TimeSpan.FromMinutes(5));

        await Eventually.TrueAsync(async () => await StatusAsync(server, First) == 401, "the old key is not believed");
        Assert.Equal(101, await StatusAsync(server, Second));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("""{"keys":[]}""")]
    public async Task An_invalid_JWKS_leaves_the_keys_as_they_were(string answer)
    {
        await using var keys = await JwksServer.StartAsync(SigningKey.Jwks(First));
        await using var server = await StartAsync(keys);
        keys.Answer(answer);
        int before = keys.Requests;

        server.Time.Advance(TimeSpan.FromMinutes(5));
        await Eventually.TrueAsync(() => keys.Requests > before, "it was read again");

        Assert.Equal(101, await StatusAsync(server, First));
    }

    [Fact]
    public async Task A_node_that_never_got_its_keys_is_not_ready_and_tells_nobody_that_the_token_is_bad()
    {
        await using var keys = await JwksServer.StartAsync("");
        await using var server = await StartAsync(keys);
        using var http = new HttpClient();
        var ready = new Uri($"http://127.0.0.1:{server.Server.PublicPort}/health/ready");

        Assert.Equal(503, await StatusAsync(server, First));
        Assert.Contains(
            "the keys for tokens could not be read",
            await (await http.GetAsync(ready, TestContext.Current.CancellationToken))
                .Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        await using (var client = await server.OpenAsync())
        {
            Assert.Equal(
                "unavailable", (await client.AskAsync($$"""{"type":"auth","token":"{{First.Token("ann")}}"}""", "error")).Text("code"));
            await SignInTests.ClosedAsync(client, 1013, "tokens cannot be checked at the moment", reconnect: true);
        }
        keys.Answer(SigningKey.Jwks(First));

        await Eventually.TrueAsync(
            async () =>
            {
                server.Time.Advance(TimeSpan.FromSeconds(10));
                return await StatusAsync(server, First) == 101;
            },
            "ten seconds later the keys are read again");
        Assert.True((await http.GetAsync(ready, TestContext.Current.CancellationToken)).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_file_that_changes_is_read_again()
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, SigningKey.Jwks(First), TestContext.Current.CancellationToken);
        await using var server = await TokenServer.StartWithAsync("Auth:Jwks=" + file);
        Assert.Equal((101, 401), (await StatusAsync(server, First), await StatusAsync(server, Second)));

        await File.WriteAllTextAsync(file, SigningKey.Jwks(Second), TestContext.Current.CancellationToken);
        server.Time.Advance(TimeSpan.FromSeconds(5));

        await Eventually.TrueAsync(async () => await StatusAsync(server, First) == 401, "the old key is not believed");
        Assert.Equal(101, await StatusAsync(server, Second));
        File.Delete(file);
    }

    [Fact]
    public async Task Without_a_secret_a_token_signed_with_a_published_key_as_secret_is_refused()
    {
        await using var keys = await JwksServer.StartAsync(SigningKey.Jwks(First));
        await using var server = await StartAsync(keys);

        Assert.Equal(401, await StatusAsync(server, SigningKey.OfSecret(First.Jwk)));
        Assert.Equal(401, await StatusAsync(server, SigningKey.OfSecret("")));
    }

    [Fact]
    public async Task A_token_without_kid_is_tried_with_all_keys_of_its_kind_and_a_key_without_kid_serves_any()
    {
        var third = SigningKey.OfCurve("ES256", id: null);
        await using var keys = await JwksServer.StartAsync(SigningKey.Jwks(First, Second, third));
        await using var server = await StartAsync(keys);

        Assert.Equal(101, await StatusAsync(server, third));
    }

    [Fact]
    public async Task Keys_for_encryption_of_another_algorithm_or_too_short_are_passed_over()
    {
        var small = SigningKey.OfRsa("RS256", "small", bits: 1024);
        string jwks = SigningKey.Jwks(Second)[..^2] +
            $",{First.Jwk[..^1]},\"use\":\"enc\"}},{small.Jwk}" +
            $",{{\"kty\":\"oct\",\"kid\":\"oct\",\"k\":\"{SigningKey.Encode(new byte[32])}\"}}]}}";
        await using var keys = await JwksServer.StartAsync(jwks);
        await using var server = await StartAsync(keys);

        Assert.Equal(101, await StatusAsync(server, Second));
        Assert.Equal(401, await StatusAsync(server, First));
        Assert.Equal(401, await StatusAsync(server, small));
        Assert.Equal(401, await StatusAsync(server, SigningKey.OfSecret(new byte[32], "HS256", "oct")));
    }

    private static Task<TokenServer> StartAsync(JwksServer keys) => TokenServer.StartWithAsync("Auth:Jwks=" + keys.Url);

    private static async Task<int> StatusAsync(TokenServer server, SigningKey key)
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(server.Server.PublicPort);
        await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws?token=" + key.Token("ann")));
        return HttpReply.Parse(await client.ReadHeadAsync()).Status;
    }
}
