using System.Text;
using System.Text.Json;
using Gateway.Load.Clients;

namespace Gateway.Load.Tests;

public sealed class FillerTests
{
    [Fact]
    public void It_has_nothing_that_a_server_would_write_in_another_way()
    {
        string text = Encoding.ASCII.GetString(Filler.Of(1 << 18));

        // .NET's own writer, which escapes more than others do: quotation marks of any kind, and what HTML takes for its own.
        Assert.Equal($"\"{text}\"", JsonSerializer.Serialize(text));
    }
}
