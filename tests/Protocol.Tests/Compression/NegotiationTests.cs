using Gateway.Protocol.Compression;
using Gateway.Protocol.Tests.WebSockets;
using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Tests.Compression;

/// <summary>RFC 7692 sections 5 and 7.1: what is offered in <c>Sec-WebSocket-Extensions</c>, and what is answered.</summary>
public sealed class NegotiationTests
{
    private const string Always = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    private static string? Answer(params string[] headers) =>
        Handshake.Accepts(Handshake.With([.. headers.Select(value => "Sec-WebSocket-Extensions: " + value)])).Deflate?.Answer;

    [Theory]
    [InlineData("permessage-deflate")]
    [InlineData("permessage-deflate; client_max_window_bits")]
    [InlineData("permessage-deflate; server_no_context_takeover")]
    [InlineData("permessage-deflate; client_no_context_takeover")]
    [InlineData("permessage-deflate;client_no_context_takeover;server_no_context_takeover;client_max_window_bits")]
    [InlineData("  permessage-deflate ;\tclient_max_window_bits  ")]
    public void An_offer_is_answered_without_context_takeover_whatever_it_asks_for(string offer) => Assert.Equal(Always, Answer(offer));

    [Fact]
    public void Without_an_offer_nothing_is_answered() => Assert.Null(Answer());

    [Theory]
    [InlineData("15", 15)]
    [InlineData("14", 12)]
    [InlineData("13", 12)]
    [InlineData("12", 12)]
    [InlineData("11", 9)]
    [InlineData("10", 9)]
    [InlineData("9", 9)]
    public void A_limit_of_the_servers_window_is_answered_with_the_same_or_a_smaller_one(string offered, int answered)
    {
        Assert.Equal($"{Always}; server_max_window_bits={answered}", Answer("permessage-deflate; server_max_window_bits=" + offered));
        Assert.Equal(
            $"{Always}; server_max_window_bits={answered}", Answer($"permessage-deflate; server_max_window_bits=\"{offered}\""));
    }

    [Theory]
    [InlineData("8")]
    [InlineData("12")]
    [InlineData("15")]
    public void A_limit_of_the_clients_own_window_is_confirmed(string offered)
    {
        Assert.Equal($"{Always}; client_max_window_bits={offered}", Answer("permessage-deflate; client_max_window_bits = " + offered));
        Assert.Equal(
            $"{Always}; server_max_window_bits=9; client_max_window_bits={offered}",
            Answer($"permessage-deflate; client_max_window_bits=\"{offered}\"; server_max_window_bits=9"));
    }

    [Fact]
    public void A_window_of_8_bits_cannot_be_honoured_and_is_declined() =>
        Assert.Null(Answer("permessage-deflate; server_max_window_bits=8"));

    [Theory]
    [InlineData("server_max_window_bits")]
    [InlineData("server_max_window_bits=7")]
    [InlineData("server_max_window_bits=16")]
    [InlineData("server_max_window_bits=09")]
    [InlineData("server_max_window_bits=012")]
    [InlineData("server_max_window_bits=+9")]
    [InlineData("server_max_window_bits=1")]
    [InlineData("server_max_window_bits=115")]
    [InlineData("server_max_window_bits=ten")]
    [InlineData("client_max_window_bits=7")]
    [InlineData("client_max_window_bits=16")]
    [InlineData("client_max_window_bits=08")]
    [InlineData("client_max_window_bits=x")]
    [InlineData("server_no_context_takeover=1")]
    [InlineData("client_no_context_takeover=\"true\"")]
    public void A_parameter_with_a_wrong_value_declines_the_offer(string parameter) =>
        Assert.Null(Answer("permessage-deflate; " + parameter));

    [Theory]
    [InlineData("server_no_context_takeover; server_no_context_takeover")]
    [InlineData("client_no_context_takeover; client_no_context_takeover")]
    [InlineData("server_max_window_bits=12; server_max_window_bits=12")]
    [InlineData("client_max_window_bits; client_max_window_bits=10")]
    public void A_repeated_parameter_declines_the_offer(string parameters) => Assert.Null(Answer("permessage-deflate; " + parameters));

    [Theory]
    [InlineData("mux")]
    [InlineData("Server_No_Context_Takeover")]
    [InlineData("server_max_window_bit=9")]
    public void An_unknown_parameter_declines_the_offer(string parameter) => Assert.Null(Answer("permessage-deflate; " + parameter));

    [Theory]
    [InlineData("x-webkit-deflate-frame")]
    [InlineData("permessage-bzip2; method=\"a\"")]
    [InlineData("Permessage-Deflate")]
    public void Other_extensions_are_declined(string offer) => Assert.Null(Answer(offer));

    [Fact]
    public void The_first_acceptable_offer_of_several_is_taken()
    {
        Assert.Equal(
            Always, Answer("mux; max=4, permessage-deflate; unknown, permessage-deflate, permessage-deflate; server_max_window_bits=9"));
        Assert.Equal(
            Always + "; server_max_window_bits=9",
            Answer("permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10, permessage-deflate"));
        Assert.Null(Answer("permessage-deflate; a, permessage-deflate; b"));
    }

    [Fact]
    public void Several_headers_are_one_list()
    {
        Assert.Equal(
            Always + "; server_max_window_bits=12",
            Answer("mux", "permessage-deflate; server_max_window_bits=12", "permessage-deflate"));
        Assert.Equal(Always, Answer("permessage-deflate; unknown", ",, permessage-deflate ,"));
    }

    [Theory]
    [InlineData("permessage-deflate; server_max_window_bits=\"1\\2\"", "; server_max_window_bits=12")]
    [InlineData("x; a=\"b\\c\", permessage-deflate", "")]
    public void Quoted_values_are_unescaped(string offer, string answered) => Assert.Equal(Always + answered, Answer(offer));

    [Theory]
    [InlineData("permessage deflate")]
    [InlineData("permessage-deflate;")]
    [InlineData("permessage-deflate; ,mux")]
    [InlineData("; client_max_window_bits")]
    [InlineData("permessage-deflate; =1")]
    [InlineData("permessage-deflate; client_max_window_bits=")]
    [InlineData("permessage-deflate; client_max_window_bits=10 11")]
    [InlineData("permessage-deflate; client_max_window_bits=\"10")]
    [InlineData("permessage-deflate; client_max_window_bits=\"10\\")]
    [InlineData("permessage-deflate; client_max_window_bits=\"\"")]
    [InlineData("permessage-deflate; client_max_window_bits=\"1 0\"")]
    [InlineData("permessage-deflate; client_max_window_bits=\"1,0\"")]
    [InlineData("permessage-deflate, mux; a=(b)")]
    [InlineData("permessage-deflate/mux")]
    public void A_malformed_list_fails_the_handshake(string list)
    {
        var refusal = Handshake.Refuses(Handshake.With("Sec-WebSocket-Extensions: " + list));

        Assert.Equal(HandshakeRefusal.ExtensionsMalformed, refusal);
        Assert.Equal(400, refusal.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" , ,")]
    public void An_empty_list_offers_nothing(string list) => Assert.Null(Answer(list));

    [Fact]
    public void The_window_is_as_large_as_agreed_on()
    {
        Assert.Equal(15, new DeflateAgreement(ServerMaxWindowBits: null, ClientMaxWindowBits: 8).WindowBits);
        Assert.Equal(9, new DeflateAgreement(ServerMaxWindowBits: 9, ClientMaxWindowBits: null).WindowBits);
    }
}
