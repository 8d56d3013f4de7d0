using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gateway.TestSupport;

/// <summary>
/// A bad network: forwards a free loopback port to another one, and does to the connections what a test wants. Safe for any thread.
/// </summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private int _target;
    private readonly HashSet<ProxiedConnection> _connections = [];
    private Socket? _listener;
    private TimeSpan _delay;
    private TimeSpan _replyDelay;
    private bool _swallowing;

    private TcpProxy(int target)
    {
        _target = target;
        Port = LoopbackPorts.Next();
    }

    public int Port { get; }

    /// <summary>The proxy's address, for <c>Redis:Addresses</c>.</summary>
    public string Address => $"127.0.0.1:{Port}";

    /// <param name="target">The loopback port that is forwarded to.</param>
    public static TcpProxy Start(int target)
    {
        var proxy = new TcpProxy(target);
        proxy.Listen();
        return proxy;
    }

    /// <summary>Resets every connection. New ones work.</summary>
    public void Cut()
    {
        foreach (var connection in All())
            connection.Reset();
    }

    /// <summary>Forwards new connections to another port, as an address does that moves to another server.</summary>
    /// <param name="target">The port.</param>
    /// <param name="cut">Whether to reset the connections that are open.</param>
    public void Redirect(int target, bool cut = true)
    {
        Volatile.Write(ref _target, target);
        if (cut)
            Cut();
    }

    /// <summary>Refuses new connections. Those that are open work.</summary>
    public void Refuse()
    {
        lock (_gate)
        {
            _listener?.Dispose();
            _listener = null;
        }
    }

    /// <summary>Delays every byte from now on.</summary>
    public void Delay(TimeSpan delay)
    {
        lock (_gate)
            _delay = delay;
    }

    /// <summary>
    /// From now on what a target answers arrives so much later, except on connections on which something was subscribed to.
    /// </summary>
    public void DelayReplies(TimeSpan delay)
    {
        lock (_gate)
            _replyDelay = delay;
    }

    /// <summary>
    /// Nothing comes through any more, in either direction, and nobody is told. Connections that were open then stay so for good; new ones
    /// until <see cref="Resume"/>.
    /// </summary>
    public void Swallow()
    {
        lock (_gate)
            _swallowing = true;
        foreach (var connection in All())
            connection.Swallow();
    }

    /// <summary>Does as <see cref="Swallow"/> does with the open connections on which something was subscribed to. New ones work.</summary>
    /// <returns>How many.</returns>
    public int SwallowSubscribed() => Swallow(connection => connection.Subscribed);

    /// <summary>Does as <see cref="Swallow"/> does with all other open connections.</summary>
    public int SwallowUnsubscribed() => Swallow(connection => !connection.Subscribed);

    /// <summary>
    /// As <see cref="Swallow"/>, for each open connection from when this text goes out on it. All others, and new ones, work.
    /// </summary>
    public void SwallowFrom(string text)
    {
        foreach (var connection in All())
            connection.SwallowFrom(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Forwards again. The swallowed bytes are lost with their connections.</summary>
    public void Resume()
    {
        lock (_gate)
        {
            _delay = _replyDelay = TimeSpan.Zero;
            _swallowing = false;
            if (_listener is null)
                Listen();
        }
    }

    private int Swallow(Predicate<ProxiedConnection> isMeant)
    {
        var meant = All().Where(connection => isMeant(connection)).ToList();
        foreach (var connection in meant)
            connection.Swallow();
        return meant.Count;
    }

    private void Listen()
    {
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        _listener.Listen();
        _ = AcceptAsync(_listener);
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It was told to refuse, or the test is over.
        }
    }

    private async Task ServeAsync(Socket near)
    {
        var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, Volatile.Read(ref _target));
        }
        catch (SocketException)
        {
            near.Dispose();
            far.Dispose();
            return;
        }
        var connection = new ProxiedConnection(near, far, () => _delay, () => _replyDelay);
        lock (_gate)
        {
            _connections.Add(connection);
            if (_swallowing)
                connection.Swallow();
        }
        await connection.RunAsync();
        lock (_gate)
            _connections.Remove(connection);
    }

    private ProxiedConnection[] All()
    {
        lock (_gate)
            return [.. _connections];
    }

    public ValueTask DisposeAsync()
    {
        Refuse();
        Cut();
        return ValueTask.CompletedTask;
    }
}
