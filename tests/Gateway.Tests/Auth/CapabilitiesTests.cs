using Gateway.Server.Auth;

namespace Gateway.Tests.Auth;

public sealed class CapabilitiesTests
{
    [Fact]
    public void Asking_them_as_every_message_does_allocates_nothing()
    {
        var capabilities = new Capabilities(Enumerable.Range(0, 100).Select(i => ($"room{i}:*", ChannelOperations.Publish)), ["news"]);
        Assert.True(Ask(capabilities));

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            Ask(capabilities);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static bool Ask(Capabilities capabilities) =>
        capabilities.Grant("room99:a"u8, ChannelOperations.Publish) && !capabilities.Grant("news"u8, ChannelOperations.Publish)
            && capabilities.Grant("news"u8, ChannelOperations.Subscribe);
}
