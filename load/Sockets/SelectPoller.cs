using System.Net.Sockets;

namespace Gateway.Load.Sockets;

/// <summary>For systems without epoll; its cost grows with the number of sockets, ready or not. Used by one thread, its loop's.</summary>
internal sealed class SelectPoller : IPoller
{
    private readonly Dictionary<Socket, (IPollable Owner, bool Read, bool Write)> _watched = [];
    private readonly List<Socket> _readable = [];
    private readonly List<Socket> _writable = [];

    public void Watch(IPollable owner, bool read, bool write) => _watched[owner.Socket] = (owner, read, write);

    public void Forget(IPollable owner) => _watched.Remove(owner.Socket);

    public void Wait()
    {
        _readable.Clear();
        _writable.Clear();
        foreach (var (socket, (_, read, write)) in _watched)
        {
            if (read)
                _readable.Add(socket);
            if (write)
                _writable.Add(socket);
        }
        Socket.Select(_readable, _writable, null, Timeout.InfiniteTimeSpan);
        foreach (var socket in _writable)
            Tell(socket, readable: false);
        foreach (var socket in _readable)
            Tell(socket, readable: true);
    }

    public void Dispose()
    {
    }

    private void Tell(Socket socket, bool readable)
    {
        if (_watched.TryGetValue(socket, out var watched))
            watched.Owner.OnReady(readable, !readable);
    }
}
