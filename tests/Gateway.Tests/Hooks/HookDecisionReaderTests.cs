using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Application;
using Gateway.Server.Application.Hooks;

namespace Gateway.Tests.Hooks;

public sealed class HookDecisionReaderTests
{
    private const int MaxContent = 20;

    [Theory]
    [InlineData("""{"allow":true}""", null)]
    [InlineData(""" {"more":[{}],"allow":true,"code":7,"message":{}} """, null)]
    [InlineData("""{"allow":true,"content":null}""", "null")]
    [InlineData("""{"content": { "a" : 1.50 } ,"allow":true}""", """{ "a" : 1.50 }""")]
    [InlineData("""{"allow":true,"content":"123456789012345678"}""", "\"123456789012345678\"")]
    public void A_yes_may_bring_another_content_which_stays_as_it_is(string json, string? content)
    {
        Assert.Null(Read(json, out var decision));

        Assert.Null(decision.Denial);
        Assert.Equal(content, decision.Content is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null);
    }

    [Theory]
    [InlineData("""{"allow":false}""", "forbidden", "denied by the application")]
    [InlineData("""{"allow":false,"code":"rate_limited","message":"slow down"}""", "rate_limited", "slow down")]
    [InlineData("""{"allow":false,"code":"limit_exceeded","message":""}""", "limit_exceeded", "denied by the application")]
    [InlineData("""{"allow":false,"code":"made_up","message":"no"}""", "forbidden", "no")]
    [InlineData("""{"allow":false,"code":"internal","message":"no"}""", "forbidden", "no")]
    [InlineData("""{"allow":false,"code":17,"message":["no"]}""", "forbidden", "denied by the application")]
    [InlineData("""{"allow":false,"code":"\ud800","message":"\ud800"}""", "forbidden", "denied by the application")]
    [InlineData("""{"allow":false,"message":"two\nlines"}""", "forbidden", "two lines")]
    [InlineData("""{"allow":false,"content":"far too long to be published"}""", "forbidden", "denied by the application")]
    [InlineData("""{"allow":true,"allow":false}""", "forbidden", "denied by the application")]
    public void A_no_is_one_however_odd_the_rest_is(string json, string code, string message)
    {
        Assert.Null(Read(json, out var decision));

        Assert.Equal(new ProtocolError(code, message), decision.Denial);
    }

    [Fact]
    public void A_long_message_is_cut_between_two_characters_where_a_close_frame_ends()
    {
        Assert.Null(Read($$"""{"allow":false,"message":"{{new string('x', 122)}}ü"}""", out var decision));

        Assert.Equal(new string('x', 122), decision.Denial!.Value.Message);
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("yes", "not JSON")]
    [InlineData("true", "not a JSON object")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{}", "no 'allow'")]
    [InlineData("""{"Allow":true}""", "no 'allow'")]
    [InlineData("""{"allow":"true"}""", "no 'allow'")]
    [InlineData("""{"allow":1}""", "no 'allow'")]
    [InlineData("""{"allow":null}""", "no 'allow'")]
    [InlineData("""{"allow":true""", "not JSON")]
    [InlineData("""{"allow":true}{"allow":true}""", "not JSON")]
    [InlineData("""{"allow":true,"content":"1234567890123456789"}""", "over Limits:MessageBytes")]
    public void An_unclear_answer_is_none(string json, string problem)
    {
        Assert.Contains(problem, Read(json, out var decision), StringComparison.Ordinal);
        Assert.Equal(default, decision);
    }

    [Theory]
    [InlineData("""{"allow":true,"attachments":["AQI=","\/\/8="]}""", null, "0102ffff")]
    [InlineData("""{"allow":true,"attachments":[""]}""", null, "")]
    [InlineData("""{"allow":true,"content":7,"attachments":["AQ=="]}""", "7", "01")]
    [InlineData("""{"allow":true,"content":7,"attachments":[]}""", "7", null)]
    [InlineData("""{"allow":true,"attachments":[ ]}""", null, null)]
    public void A_yes_may_bring_other_attachments_or_none(string json, string? content, string? bytes)
    {
        Assert.Null(Read(json, out var decision));

        Assert.Equal(content, decision.Content is { } replaced ? Encoding.UTF8.GetString(replaced.Span) : null);
        var payload = decision.Apply(Payload.Json("\"own\""u8));
        Assert.Equal(content ?? "\"own\"", Encoding.UTF8.GetString(payload.Content));
        Assert.Equal(bytes ?? "", Convert.ToHexStringLower(payload.Attachments.Bytes));
        Assert.Equal(bytes is null, payload.Attachments.IsEmpty);
    }

    [Fact]
    public void Attachments_that_an_answer_does_not_name_stay()
    {
        Assert.Null(Read("""{"allow":true,"content":7}""", out var decision, content: 0, attached: 3));

        var payload = decision.Apply(new Payload(PayloadKind.Attachments, Attachments.Of("abc"u8).Block));
        Assert.Equal("7", Encoding.UTF8.GetString(payload.Content));
        Assert.Equal("abc", Encoding.UTF8.GetString(payload.Attachments.Bytes));
    }

    [Theory]
    [InlineData("""{"allow":true,"attachments":"AQ=="}""", 1, 0, "must be an array")]
    [InlineData("""{"allow":true,"attachments":[1]}""", 1, 0, "must be an array")]
    [InlineData("""{"allow":true,"attachments":["A"]}""", 1, 0, "number 1 is none")]
    [InlineData("""{"allow":true,"attachments":["AQ==","_w=="]}""", 1, 0, "number 2 is none")]
    [InlineData("""{"allow":true,"attachments":["","","","","","","","","","","","","","","","",""]}""", 1, 0, "at most 16")]
    [InlineData("""{"allow":true,"attachments":["AAAAAAAAAAAAAAAAAAAAAAAAAAA="]}""", 1, 0, "over Limits:MessageBytes")]
    [InlineData("""{"allow":true,"attachments":["AAAA"]}""", 18, 0, "over Limits:MessageBytes")]
    [InlineData("""{"allow":true,"content":1234}""", 0, 17, "over Limits:MessageBytes")]
    [InlineData("""{"allow":true,"attachments":[]}""", 0, 3, "leaves nothing")]
    public void An_answer_with_attachments_that_will_not_do_is_none(string json, int content, int attached, string problem)
    {
        Assert.Contains(problem, Read(json, out var decision, content, attached), StringComparison.Ordinal);
        Assert.Equal(default, decision);
    }

    [Fact]
    public void Text_that_is_not_UTF8_is_no_answer() =>
        Assert.Contains(
            "not UTF-8",
            HookDecisionReader.TryRead(Encoding.Latin1.GetBytes("{\"allow\":true,\"content\":\"\u00fc\"}"), 1, 0, MaxContent, out _),
            StringComparison.Ordinal);

    private static string? Read(string json, out Decision decision, int content = 1, int attached = 0) =>
        HookDecisionReader.TryRead(Encoding.UTF8.GetBytes(json), content, attached, MaxContent, out decision);
}
