using System.Text;
using Gateway.Server.Naming;

namespace Gateway.Tests.Connections;

public sealed class ConnectionIdTests
{
    [Fact]
    public void The_text_of_an_id_brings_it_back()
    {
        var id = ConnectionId.Next();
        string text = id.ToString();
        byte[] written = new byte[ConnectionId.TextLength];
        id.Write(written);

        Assert.Matches("^[A-Za-z0-9_-]{16}$", text);
        Assert.Equal(text, Encoding.ASCII.GetString(written));
        Assert.Equal(id, ConnectionId.TryParse(text));
        Assert.Equal(id, ConnectionId.TryParse(written));
        Assert.Equal(id, ConnectionId.OfAnonymousUser(id.AnonymousUser));
    }

    [Theory]
    [InlineData("")]
    [InlineData("AZaz09-_AZaz09-")]
    [InlineData("AZaz09-_AZaz09-_A")]
    [InlineData("AZaz09-_AZaz09-=")]
    [InlineData("AZaz09-_AZaz09+/")]
    [InlineData("AZaz09-_AZaz 9-_")]
    [InlineData("AZaz09-_AZaz09-ä")]
    public void Anything_else_is_no_id(string text)
    {
        Assert.Null(ConnectionId.TryParse(text));
        Assert.Null(ConnectionId.TryParse(Encoding.UTF8.GetBytes(text)));
        Assert.Null(ConnectionId.OfAnonymousUser("anonymous-" + text));
    }

    [Fact]
    public void Ids_differ_in_every_part_of_a_divided_table()
    {
        var ids = Enumerable.Range(0, 1_000).Select(_ => ConnectionId.Next()).ToList();

        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Equal(16, ids.Select(id => id.Shard(16)).Distinct().Count());
        Assert.Equal(16, ids.Select(id => id.Slot(16)).Distinct().Count());
        Assert.All(ids, id => Assert.InRange(id.Slot(3), 0, 2));
    }

    [Fact]
    public async Task Ids_of_several_threads_differ()
    {
        var drawn = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
            static () => Enumerable.Range(0, 200).Select(_ => ConnectionId.Next()).ToList(),
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));

        Assert.Equal(4 * 200, drawn.SelectMany(ids => ids).Distinct().Count());
    }
}
