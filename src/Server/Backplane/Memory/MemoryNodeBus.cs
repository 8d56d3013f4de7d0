namespace Gateway.Server.Backplane.Memory;

/// <summary>The bus of a node that stands alone: it leads to no other node. Stateless.</summary>
internal sealed class MemoryNodeBus : INodeBus
{
    public string? Problem => null;

    public void Start(string inbox, Func<ReadOnlyMemory<byte>, bool> received, Action reached)
    {
    }

    public ValueTask<bool> SendAsync(string? inbox, ReadOnlyMemory<byte> message) => new(true);

    public ValueTask DisposeAsync() => default;
}
