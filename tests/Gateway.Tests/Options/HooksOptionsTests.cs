using Gateway.Server.Hosting.Settings;
using Gateway.Server.Options;
using Gateway.TestSupport;

namespace Gateway.Tests.Options;

/// <summary><c>Gateway:Hooks</c>, and its values that stop the start.</summary>
public sealed class HooksOptionsTests
{
    private const string Url = "Hooks:Url=http://127.0.0.1:9000/hooks";
    private const string Secret = "Hooks:Secret=0123456789abcdef0123456789abcdef";

    [Fact]
    public void Without_settings_there_are_none() => Assert.Null(Read().Url);

    [Fact]
    public void By_default_the_backend_gets_every_event_and_no_call()
    {
        var hooks = Read(Url, Secret);

        Assert.Equal(HookEvents.Notifications, hooks.Events);
        Assert.Equal(
            (TimeSpan.FromSeconds(1), false, TimeSpan.FromSeconds(10), TimeSpan.FromHours(1), 100_000),
            (hooks.Timeout, hooks.FailOpen, hooks.DeliveryTimeout, hooks.RetryFor, hooks.QueuedEvents));
    }

    [Theory]
    [InlineData("Hooks:Events=publish, Connected")]
    [InlineData("Hooks:Events:0=publish", "Hooks:Events:1=connected")]
    public void Events_are_a_list_in_one_text_or_in_several(params string[] settings) =>
        Assert.Equal(HookEvents.Publish | HookEvents.Connected, Read([Url, Secret, .. settings]).Events);

    [Theory]
    [InlineData(
        "Hooks:Events: 'publishes' must be one of " +
        "connect, subscribe, publish, connected, disconnected, subscribed, unsubscribed, occupied, vacated, online, offline",
        Url, Secret, "Hooks:Events=publishes")]
    [InlineData(
        "Hooks:Events: 'none' must be one of " +
        "connect, subscribe, publish, connected, disconnected, subscribed, unsubscribed, occupied, vacated, online, offline",
        Url, Secret, "Hooks:Events=none")]
    [InlineData("Hooks:Url: must be an http or https URL without a user and a password", "Hooks:Url=localhost:9000", Secret)]
    [InlineData("Hooks:Url: must be an http or https URL without a user and a password", "Hooks:Url=http://me:hunter2@example.com", Secret)]
    [InlineData("Hooks:Url: is missing, but there is a secret, or are events, for it", Secret)]
    [InlineData("Hooks:Url: is missing, but there is a secret, or are events, for it", "Hooks:Events=publish")]
    [InlineData("Hooks:Secret: is missing: without it the backend could not tell who asks", Url)]
    [InlineData("Hooks:Secret: must have at least 24 bytes", Url, "Hooks:Secret=short and known")]
    [InlineData("Hooks:Secret: must have at least 24 bytes", Url, "Hooks:Secret=whsec_c2hvcnQgYW5kIGtub3du")]
    [InlineData("Hooks:Secret: must be base64 behind whsec_", Url, "Hooks:Secret=whsec_this is not base64! and long enough")]
    [InlineData("Hooks:Timeout: '1' must be a time as hh:mm:ss from 00:00:00.0100000 to 00:01:00", Url, Secret, "Hooks:Timeout=1")]
    [InlineData("Hooks:FailOpen: 'maybe' must be true or false", Url, Secret, "Hooks:FailOpen=maybe")]
    [InlineData("Hooks:QueuedEvents: '1' must be a whole number from 100 to 10000000", Url, Secret, "Hooks:QueuedEvents=1")]
    public void A_wrong_value_stops_the_start_and_shows_no_secret(string problem, params string[] settings)
    {
        string found = Assert.Single(Assert.Throws<OptionsProblemsException>(() => Read(settings)).Problems);

        Assert.Equal("Gateway:" + problem, found);
        Assert.DoesNotContain("hunter2", found, StringComparison.Ordinal);
    }

    [Fact]
    public void The_options_as_text_do_not_hold_the_secret() =>
        Assert.DoesNotContain("0123456789abcdef", Read(Url, Secret).ToString(), StringComparison.Ordinal);

    [Fact]
    public async Task The_start_screen_shows_the_calls_and_events_and_the_backends_address()
    {
        await using var gateway = await GatewayProcess.StartAsync(
            "Hooks:Url=http://127.0.0.1:9/hooks?key=hidden", Secret, "Hooks:Events=vacated,connect");

        Assert.Contains("hooks      connect, vacated to http://127.0.0.1:9/hooks\n", gateway.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", gateway.Output, StringComparison.Ordinal);
    }

    private static HooksOptions Read(params string[] settings) => GatewayOptionsReader.Read(Settings.Of(settings)).Hooks;
}
