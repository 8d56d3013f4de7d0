using System.Text;
using System.Text.Json;
using Gateway.Protocol.Messages;

namespace Gateway.Protocol.Tests.Messages;

public sealed class JsonTextTests
{
    [Theory]
    [InlineData("plain:1", "plain:1")]
    [InlineData("<a href='x'>&+`", "<a href='x'>&+`")]
    [InlineData("é日本", "é日本")]
    [InlineData("\"\\\n\t\u0001", "\\\"\\\\\\n\\t\\u0001")]
    public void Only_what_json_demands_is_escaped(string text, string escaped)
    {
        Assert.Equal(escaped, JsonText.Encode(text).ToString());
        Assert.Equal(escaped, JsonText.Encode(Encoding.UTF8.GetBytes(text)).ToString());
    }

    [Fact]
    public void Text_beyond_the_basic_plane_is_escaped_and_reads_back_the_same()
    {
        string json = $"\"{JsonText.Encode("😀")}\"";

        Assert.Equal("\"\\uD83D\\uDE00\"", json);
        Assert.Equal("😀", JsonSerializer.Deserialize<string>(json));
    }
}
