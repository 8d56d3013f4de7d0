using System.Globalization;
using System.Text;
using Gateway.TestSupport;

namespace Gateway.Tests.Auth;

/// <summary>Tokens that sign a user in, and tokens that do not. One gateway has a secret and a key of every kind.</summary>
public sealed class TokenTests(TokenTests.EveryKey keys) : IClassFixture<TokenTests.EveryKey>
{
    public static TheoryData<string> Algorithms =>
        ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public async Task A_token_of_every_algorithm_signs_in(string algorithm)
    {
        await using var client = await keys.Server.WithAsync(keys.Of(algorithm).Token("ann", keys.Server.Now.AddMinutes(5)));

        Assert.Equal("ann", client.User);
        Assert.Equal(keys.Server.Now.AddMinutes(5).ToUnixTimeSeconds(), client.Connected.Number("expires"));
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public async Task A_signature_that_was_changed_is_refused(string algorithm)
    {
        string token = keys.Of(algorithm).Token("ann", keys.Server.Now.AddMinutes(5));
        int middle = token.LastIndexOf('.') + 20;

        await RefusedAsync(token[..middle] + (token[middle] == 'A' ? 'B' : 'A') + token[(middle + 1)..], "the token's signature is wrong");
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public async Task A_claim_that_was_changed_is_refused(string algorithm)
    {
        string[] parts = keys.Of(algorithm).Token("ann", keys.Server.Now.AddMinutes(5)).Split('.');
        string other = SigningKey.Encode("""{"sub":"bob"}"""u8.ToArray());

        await RefusedAsync($"{parts[0]}.{other}.{parts[2]}", "the token's signature is wrong");
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("HS1")]
    [InlineData("dir")]
    [InlineData("")]
    public async Task An_unsigned_token_or_one_of_another_algorithm_is_refused(string algorithm)
    {
        string token = keys.Of("HS256").Sign("""{"sub":"ann"}""", algorithm);

        await RefusedAsync(token, "the token's algorithm is not allowed here");
        await RefusedAsync(token[..(token.LastIndexOf('.') + 1)], "the token's algorithm is not allowed here");
    }

    [Fact]
    public async Task A_token_whose_signature_was_cut_off_is_refused()
    {
        string token = keys.Of("HS256").Token("ann");

        await RefusedAsync(token[..(token.LastIndexOf('.') + 1)], "the token's signature is wrong");
    }

    [Theory]
    [InlineData("RS256")]
    [InlineData("ES256")]
    public async Task A_public_key_does_not_pass_for_a_secret(string algorithm)
    {
        var published = keys.Of(algorithm);
        var forged = SigningKey.OfSecret(Encoding.UTF8.GetBytes(published.Jwk), "HS256", published.Id);

        await RefusedAsync(forged.Token("ann"), "the token's signature is wrong");
    }

    [Theory]
    [InlineData("HS256", "HS512")]
    [InlineData("HS256", "RS256")]
    [InlineData("RS256", "HS256")]
    [InlineData("RS256", "RS512")]
    [InlineData("RS256", "PS256")]
    [InlineData("RS256", "ES256")]
    [InlineData("ES256", "HS256")]
    public async Task A_token_that_names_another_algorithm_than_it_is_signed_by_is_refused(string algorithm, string named) =>
        await RefusedAsync(keys.Of(algorithm).Sign("""{"sub":"ann"}""", named), expected: null);

    [Fact]
    public async Task A_key_on_another_curve_does_not_serve()
    {
        var key = keys.Of("ES384");

        await RefusedAsync(key.Sign("""{"sub":"ann"}""", "ES256"), "the token is signed with an unknown key");
    }

    [Fact]
    public async Task Encrypted_tokens_are_refused() =>
        await RefusedAsync("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAA.AAAA.AAAA", "encrypted tokens are not supported");

    [Theory]
    [InlineData("x")]
    [InlineData("a.b")]
    [InlineData("a.b.c")]
    [InlineData("e30.e30.e30")]
    [InlineData("...")]
    [InlineData("..")]
    [InlineData("a.b.c.d.e.f")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.!!!!.AAAA")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.W10.AAAA")]
    [InlineData("eyJhbGciOjF9.e30.AAAA")]
    public async Task Text_that_is_no_token_is_refused(string token) => await RefusedAsync(token, expected: null);

    [Theory]
    [InlineData("{")]
    [InlineData("[")]
    [InlineData("{\"a\":")]
    public async Task Deep_nesting_before_the_signature_is_checked_does_no_harm(string level)
    {
        string deep = SigningKey.Encode(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(level, 5800 / level.Length))));

        await RefusedAsync($"eyJhbGciOiJIUzI1NiJ9.{deep}.AAAA", expected: null);
        await RefusedAsync($"{deep}.e30.AAAA", expected: null);
        string nested = string.Concat(Enumerable.Repeat("[", 1000)) + string.Concat(Enumerable.Repeat("]", 1000));
        await RefusedAsync(keys.Of("HS256").Sign($$"""{"sub":"ann","info":{{nested}}}"""), expected: null);
    }

    [Fact]
    public async Task A_token_over_8_KiB_is_refused()
    {
        await using var client = await keys.Server.OpenAsync();
        string token = keys.Of("HS256").Token("ann", more: $",\"padding\":\"{new string('x', 6500)}\"");

        var error = await client.AskAsync($$"""{"type":"auth","token":"{{token}}"}""", "error");

        Assert.Equal(("unauthorized", "the token is longer than 8192 bytes"), (error.Text("code"), error.Text("message")));
        Assert.Equal(4001, (await client.ReceiveAsync("disconnect")).Number("code"));
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(-4, true)]
    [InlineData(-5, false)]
    [InlineData(-3600, false)]
    public async Task A_token_is_valid_until_its_exp_and_five_seconds_for_clocks_that_differ(int expires, bool valid)
    {
        string token = keys.Of("HS256").Token("ann", keys.Server.Now.AddSeconds(expires));

        if (valid)
            await AcceptedAsync(token);
        else
            await RefusedAsync(token, "token expired");
    }

    [Theory]
    [InlineData(5, true)]
    [InlineData(6, false)]
    public async Task A_token_is_valid_from_its_nbf_less_five_seconds_on(int notBefore, bool valid)
    {
        long from = keys.Server.Now.AddSeconds(notBefore).ToUnixTimeSeconds();
        string token = keys.Of("HS256").Token("ann", more: string.Create(CultureInfo.InvariantCulture, $",\"nbf\":{from}"));

        if (valid)
            await AcceptedAsync(token);
        else
            await RefusedAsync(token, "the token is not valid yet");
    }

    [Fact]
    public async Task A_token_without_exp_does_not_expire()
    {
        await using var client = await keys.Server.WithAsync(keys.Of("HS256").Token("ann"));

        Assert.False(client.Connected.Has("expires"));
    }

    [Theory]
    [InlineData("""{}""", "the token's claim 'sub' must be a string of 1 to 250 bytes")]
    [InlineData("""{"sub":""}""", "the token's claim 'sub' must be a string of 1 to 250 bytes")]
    [InlineData("""{"sub":7}""", "the token's claim 'sub' must be a string of 1 to 250 bytes")]
    [InlineData("""{"sub":"a","exp":"soon"}""", null)]
    [InlineData("""{"sub":"a","nbf":"soon"}""", null)]
    [InlineData("""{"sub":"a","info":"Ann"}""", "the token's claim 'info' must be an object")]
    [InlineData("""{"sub":"a","channels":["chat"]}""", "the token's claim 'channels' must be an object of arrays of strings")]
    [InlineData("""{"sub":"a","channels":{"chat":"subscribe"}}""", "the token's claim 'channels' must be an object of arrays of strings")]
    [InlineData("""{"sub":"a","subscriptions":"chat"}""", "the token's claim 'subscriptions' must be an array of strings")]
    [InlineData("""{"sub":"a","channel":"chat","exp":99999999999}""", "the token is for subscribing to a channel, not for signing in")]
    public async Task Claims_that_cannot_be_used_are_refused_by_name(string claims, string? expected) =>
        await RefusedAsync(keys.Of("HS256").Sign(claims), expected);

    [Fact]
    public async Task A_kid_that_nobody_knows_is_refused() =>
        await RefusedAsync(SigningKey.OfRsa("RS256", "unheard-of").Token("ann"), "the token is signed with an unknown key");

    private async Task AcceptedAsync(string token)
    {
        await using var client = await keys.Server.WithAsync(token);
        Assert.Equal("ann", client.User);
    }

    private async Task RefusedAsync(string token, string? expected)
    {
        var reply = await keys.Server.AskAsync("/ws?token=" + token);

        Assert.Equal((401, "unauthorized"), (reply.Status, reply.Json("error")));
        Assert.Equal($"Bearer error=\"invalid_token\", error_description=\"{reply.Json("message")}\"", reply["WWW-Authenticate"]);
        Assert.DoesNotContain("\n", reply.Body, StringComparison.Ordinal);
        Assert.Equal(expected ?? reply.Json("message"), reply.Json("message"));
    }

    public sealed class EveryKey : IAsyncLifetime
    {
        private readonly Dictionary<string, SigningKey> _keys = [];
        private string _file = "";

        public TokenServer Server { get; private set; } = null!;

        public SigningKey Of(string algorithm) => _keys[algorithm];

        public async ValueTask InitializeAsync()
        {
            foreach (string algorithm in Algorithms.Select(row => row.Data))
            {
                _keys[algorithm] = algorithm[0] switch
                {
                    'H' => SigningKey.OfSecret(TokenServer.Secret, algorithm),
                    'E' => SigningKey.OfCurve(algorithm, algorithm),
                    _ => SigningKey.OfRsa(algorithm, algorithm),
                };
            }
            _file = Path.GetTempFileName();
            await File.WriteAllTextAsync(_file, SigningKey.Jwks([.. _keys.Values.Where(key => key.Algorithm[0] != 'H')]));
            Server = await TokenServer.StartAsync("Auth:Jwks=" + _file);
        }

        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            File.Delete(_file);
        }
    }
}
