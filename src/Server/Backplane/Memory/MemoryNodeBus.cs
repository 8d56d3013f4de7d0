namespace Gateway.Server.Backplane.Memory;

/// <summary>Stateless. There are no other nodes.</summary>
internal sealed class MemoryNodeBus : INodeBus
{
    public string? Problem => null;

    public void Start(string inbox, Func<ReadOnlyMemory<byte>, bool> received, Action reached)
    {
    }

    public ValueTask<bool> SendAsync(string? inbox, ReadOnlyMemory<byte> message) => new(true);

    public ValueTask DisposeAsync() => default;
}
