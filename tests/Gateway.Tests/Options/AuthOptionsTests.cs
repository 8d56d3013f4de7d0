using Gateway.Server.Hosting.Settings;
using Gateway.Server.Options;
using Gateway.TestSupport;

namespace Gateway.Tests.Options;

/// <summary><c>Gateway:Auth</c> and <c>Gateway:Origins</c>, and their values that stop the start.</summary>
public sealed class AuthOptionsTests
{
    private const string Secret = "Auth:Secret=0123456789abcdef0123456789abcdef";

    [Fact]
    public void Without_a_key_nothing_is_required_and_with_one_tokens_are()
    {
        Assert.False(Read().Auth.Required);
        Assert.True(Read(Secret).Auth.Required);
        Assert.False(Read(Secret, "Auth:Required=false").Auth.Required);
        Assert.Equal((TimeSpan.FromSeconds(10), null), (Read(Secret).Auth.Timeout, Read(Secret).Auth.Cookie));
    }

    [Theory]
    [InlineData("http://0.0.0.0:8080", Secret)]
    [InlineData("http://*:8080", "Auth:Jwks=https://id.example.com/keys")]
    public void With_a_key_the_gateway_may_be_open_to_the_network(string address, string key) =>
        Assert.False(GatewayOptionsReader.Read(Settings.Alone("Public=" + address, "Internal=http://127.0.0.1:9", key)).Public!.IsLoopback);

    [Theory]
    [InlineData("Auth:Required=true", "Auth:Required: tokens can't be required without a key: set Auth:Secret or Auth:Jwks")]
    [InlineData("Auth:Secret=short and known", "Auth:Secret: must have at least 32 bytes")]
    [InlineData("Auth:Jwks=/no/such/file", "Auth:Jwks: '/no/such/file' is neither an http or https URL nor a file that can be read")]
    [InlineData(
        "Auth:Jwks=ftp://example.com/keys",
        "Auth:Jwks: 'ftp://example.com/keys' is neither an http or https URL nor a file that can be read")]
    [InlineData("Origins=*", "Origins: '*' must look like https://example.com or https://*.example.com")]
    [InlineData("Origins=example.com", "Origins: 'example.com' must look like https://example.com or https://*.example.com")]
    [InlineData(
        "Origins=https://example.com/", "Origins: 'https://example.com/' must look like https://example.com or https://*.example.com")]
    [InlineData("Origins=https:example.com", "Origins: 'https:example.com' must look like https://example.com or https://*.example.com")]
    [InlineData("Origins=https://*", "Origins: 'https://*' must look like https://example.com or https://*.example.com")]
    [InlineData(
        "Origins=https://a*.example.com", "Origins: 'https://a*.example.com' must look like https://example.com or https://*.example.com")]
    [InlineData(
        "Origins=https://*.*.example.com",
        "Origins: 'https://*.*.example.com' must look like https://example.com or https://*.example.com")]
    [InlineData("Origins=null", "Origins: 'null' must look like https://example.com or https://*.example.com")]
    public void A_value_that_would_not_protect_stops_the_start(string setting, string problem)
    {
        string found = Assert.Single(Problems(setting));

        Assert.Equal("Gateway:" + problem, found);
        Assert.DoesNotContain("short and known", found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cookie_needs_a_key_and_the_list_of_origins()
    {
        Assert.Equal(
            [
                "Gateway:Auth:Cookie: a token in a cookie can't be checked without a key: set Auth:Secret or Auth:Jwks",
                "Gateway:Origins: must be set with Auth:Cookie: otherwise any page could connect as the user who looks at it",
            ], Problems("Auth:Cookie=session"));
        Assert.Equal("session", Read(Secret, "Auth:Cookie=session", "Origins=https://example.com").Auth.Cookie);
    }

    [Theory]
    [InlineData("Origins=https://a.example, https://b.example")]
    [InlineData("Origins=https://a.example;https://b.example")]
    [InlineData("Origins:0=https://a.example", "Origins:1=https://b.example")]
    public void Origins_are_a_list_in_one_text_or_in_several(params string[] settings) =>
        Assert.Equal(["https://a.example", "https://b.example"], Read(settings).Origins);

    [Theory]
    [InlineData("nonsense", "is no JWKS")]
    [InlineData("""{"keys":[]}""", "holds no public key")]
    [InlineData("""{"keys":[{"kty":"oct","k":"AAAA"}]}""", "holds no public key")]
    [InlineData("""{"keys":[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}]}""", "is no JWKS")]
    public async Task A_file_of_keys_that_cannot_be_used_stops_the_start(string text, string problem)
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);

        Assert.StartsWith(
            $"Gateway:Auth:Jwks: the file '{file}' {problem}", Assert.Single(Problems("Auth:Jwks=" + file)), StringComparison.Ordinal);
        File.Delete(file);
    }

    [Fact]
    public void The_options_as_text_do_not_hold_the_secret() =>
        Assert.DoesNotContain("0123456789abcdef", Read(Secret).ToString(), StringComparison.Ordinal);

    [Fact]
    public async Task The_start_screen_says_whose_tokens_are_believed_and_not_by_which_key()
    {
        await using var gateway = await GatewayProcess.StartAsync(
            Secret, "Auth:Jwks=http://user:password@id.example.invalid/keys", "Auth:Required=false");

        Assert.Contains(
            "mode       tokens, not required (HS by secret and RS, PS, ES by JWKS)\n", gateway.Output, StringComparison.Ordinal);
        Assert.Contains("WARNING    the keys of Gateway:Auth:Jwks come over plain http", gateway.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("password", gateway.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789abcdef", gateway.Output, StringComparison.Ordinal);
    }

    private static GatewayOptions Read(params string[] settings) => GatewayOptionsReader.Read(Settings.Of(settings));

    private static IReadOnlyList<string> Problems(params string[] settings) =>
        Assert.Throws<OptionsProblemsException>(() => Read(settings)).Problems;
}
