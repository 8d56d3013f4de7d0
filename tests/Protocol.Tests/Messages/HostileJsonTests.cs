using System.Runtime.ExceptionServices;
using System.Text;

namespace Gateway.Protocol.Tests.Messages;

public sealed class HostileJsonTests
{
    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    public void Content_may_nest_to_the_limit_and_no_further(string open, string close)
    {
        Assert.True(Nested(63).Succeeded);
        Assert.Contains("at most 64 levels", Nested(64).Error.Message);

        // The message's own object is the first level.
        Reading Nested(int levels) => Reading.Of(WithContent(Repeat(open, levels - 1) + open[0] + close + Repeat(close, levels - 1)));
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{\"a\":")]
    public void A_hundred_thousand_levels_are_refused_at_the_limit(string open)
    {
        Reading read = Reading.Of(WithContent(Repeat(open, 100_000)));

        Assert.False(read.Succeeded);
        Assert.Contains("at most 64 levels", read.Error.Message);
    }

    [Fact]
    public void A_number_of_a_million_digits_is_content_but_no_position()
    {
        string number = new('9', 1_000_000);

        Assert.Equal(number, Reading.Of(WithContent(number)).Content);
        Assert.Contains("'limit'", Reading.Of($$"""{"type":"history","channel":"c","limit":{{number}}}""").Error.Message);
    }

    [Fact]
    public void A_hundred_thousand_repeats_of_a_field_leave_the_last()
    {
        string repeats = Repeat("\"channel\":\"x\",", 100_000);

        Reading read = Reading.Of($$"""{{{repeats}}"channel":"last","type":"presence"}""");

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal("last", read.Channel);
    }

    [Theory]
    [InlineData("\"channel\":\"\\ud800\",")]
    [InlineData("\"\\ud800\":1,")]
    public void Half_surrogates_by_the_thousand_raise_no_exception_each(string field)
    {
        string payload = $$"""{{{Repeat(field, 100_000)}}"channel":"last","type":"presence"}""";
        int thread = Environment.CurrentManagedThreadId, raised = 0;

        AppDomain.CurrentDomain.FirstChanceException += Count;
        Reading read = Reading.Of(payload);
        Reading spoiled = Reading.Of(payload.Replace("last", "\\ud800", StringComparison.Ordinal));
        AppDomain.CurrentDomain.FirstChanceException -= Count;

        Assert.True(read.Succeeded, read.Error.Message);
        Assert.Equal("last", read.Channel);
        Assert.Contains("'channel'", spoiled.Error.Message);
        Assert.Equal(1, raised);

        void Count(object? sender, FirstChanceExceptionEventArgs raisedOne) =>
            raised += Environment.CurrentManagedThreadId == thread ? 1 : 0;
    }

    [Fact]
    public void A_name_of_a_million_escapes_is_only_an_unknown_field()
    {
        Reading read = Reading.Of($$"""{"{{Repeat("\\u0074", 1_000_000)}}":1,"type":"ping"}""");

        Assert.True(read.Succeeded, read.Error.Message);
    }

    private static string WithContent(string content) => $$"""{"type":"message","channel":"c","content":{{content}}}""";

    private static string Repeat(string text, int times) => new StringBuilder().Insert(0, text, times).ToString();
}
