using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Gateway.Load.Sockets;

/// <summary>Linux: one call for however many sockets are ready. Used by one thread, its loop's.</summary>
internal sealed class Epoll : IPoller
{
    private const int MaxEvents = 1024;
    private const uint In = 0x1;
    private const uint Out = 0x4;
    private const uint ErrorOrHangUp = 0x8 | 0x10;
    private const int Interrupted = 4;

    // struct epoll_event is packed on x86-64 alone (epoll_ctl(2)).
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventSize = DataOffset + sizeof(long);

    private readonly int _epoll = Create(0);
    private readonly byte[] _events = new byte[MaxEvents * EventSize];
    private readonly byte[] _change = new byte[EventSize];
    private IPollable?[] _owners = new IPollable?[256]; // by file descriptor

    private enum Operation
    {
        Add = 1,
        Remove = 2,
        Change = 3,
    }

    public void Watch(IPollable owner, bool read, bool write)
    {
        int file = File(owner);
        if (file >= _owners.Length)
            Array.Resize(ref _owners, Math.Max(file + 1, 2 * _owners.Length));
        var operation = _owners[file] == owner ? Operation.Change : Operation.Add;
        _owners[file] = owner;
        BitConverter.TryWriteBytes(_change, (read ? In : 0) | (write ? Out : 0));
        BitConverter.TryWriteBytes(_change.AsSpan(DataOffset), (long)file);
        if (Control(_epoll, operation, file, _change) < 0)
            throw new Win32Exception();
    }

    public void Forget(IPollable owner)
    {
        int file = File(owner);
        if (file >= _owners.Length || _owners[file] != owner)
            return;
        _owners[file] = null;
        _ = Control(_epoll, Operation.Remove, file, _change);
    }

    public void Wait()
    {
        int ready = Wait(_epoll, _events, MaxEvents, -1);
        if (ready < 0 && Marshal.GetLastPInvokeError() != Interrupted)
            throw new Win32Exception();
        for (int i = 0; i < ready; i++)
        {
            var happened = _events.AsSpan(i * EventSize, EventSize);
            uint flags = BitConverter.ToUInt32(happened);
            // Null: an earlier event of this round ended it.
            _owners[(int)BitConverter.ToInt64(happened[DataOffset..])]?.OnReady(
                (flags & (In | ErrorOrHangUp)) != 0, (flags & (Out | ErrorOrHangUp)) != 0);
        }
    }

    public void Dispose() => _ = Close(_epoll);

    private static int File(IPollable owner) => (int)owner.Socket.Handle;

    [DllImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Create(int flags);

    [DllImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int epoll, Operation operation, int file, byte[] change);

    [DllImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Wait(int epoll, byte[] events, int maxEvents, int timeout);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int file);
}
