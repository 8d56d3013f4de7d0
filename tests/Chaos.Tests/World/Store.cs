using System.Globalization;
using Gateway.TestSupport;

namespace Gateway.Chaos.Tests.World;

/// <summary>
/// A Redis master and its replica. The nodes reach whichever is the master through proxies of their own, and the replica reaches it through
/// another one, which may hold back what it replicates. For one thread at a time.
/// </summary>
internal sealed class Store : IAsyncDisposable
{
    private readonly List<TcpProxy> _links = [];
    private readonly TcpProxy _replication;

    private Store(StoreMode mode)
    {
        Mode = mode;
        Master = new StoreServer("A");
        Replica = new StoreServer("B");
        _replication = TcpProxy.Start(Master.Port);
    }

    public StoreMode Mode { get; private set; }

    public StoreServer Master { get; private set; }

    public StoreServer Replica { get; private set; }

    /// <summary>Between the replica and its master.</summary>
    public TcpProxy Replication => _replication;

    public IReadOnlyList<TcpProxy> Links => _links;

    public static async Task<Store> StartAsync(StoreMode mode, int links)
    {
        var store = new Store(mode);
        try
        {
            await store.Master.StartAsync(mode, master: null);
            await store.Replica.StartAsync(mode, store._replication.Port);
            for (int i = 0; i < links; i++)
                store._links.Add(TcpProxy.Start(store.Master.Port));
            await store.ReplicatesAsync();
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Both lose everything, and keep from now on what another mode says.</summary>
    public async Task LoseAllAsync(StoreMode mode, TimeSpan away)
    {
        Replica.Kill();
        Master.Kill();
        Replica.Wipe();
        Master.Wipe();
        await Task.Delay(away);
        Mode = mode;
        await Master.StartAsync(mode, master: null);
        await Replica.StartAsync(mode, _replication.Port);
    }

    /// <summary>
    /// The replica becomes the master for all who connect from now on. What is connected stays with the old one, which is not told
    /// anything.
    /// </summary>
    public async Task PromoteAsync()
    {
        await Replica.CommandAsync("REPLICAOF", "NO", "ONE");
        (Master, Replica) = (Replica, Master);
        foreach (var link in _links)
            link.Redirect(Master.Port, cut: false);
        _replication.Redirect(Master.Port);
        _replication.Resume();
    }

    /// <summary>The old master, running, follows the new one.</summary>
    public Task DemoteAsync() => Replica.CommandAsync("REPLICAOF", "127.0.0.1", _replication.Port.ToString(CultureInfo.InvariantCulture));

    /// <summary>The old master, dead, comes back as a replica.</summary>
    public Task RejoinAsync() => Replica.StartAsync(Mode, _replication.Port);

    /// <summary>Waits until the replica has caught up.</summary>
    public Task ReplicatesAsync() => Eventually.TrueAsync(
        async () => (await Replica.CommandAsync("INFO", "replication")).Contains("master_link_status:up", StringComparison.Ordinal),
        "the replica follows its master");

    public void CutLinks()
    {
        foreach (var link in _links)
            link.Cut();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var link in _links)
            await link.DisposeAsync();
        await _replication.DisposeAsync();
        await Master.DisposeAsync();
        await Replica.DisposeAsync();
    }
}
