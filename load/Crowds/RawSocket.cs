using System.ComponentModel;
using System.Net;
using System.Runtime.InteropServices;

namespace Gateway.Load.Crowds;

/// <summary>
/// Linux's TCP sockets and epoll by the number of the descriptor, for a crowd that is too large for an object per socket. Stateless; a
/// descriptor means something only to threads that share a table of files.
/// </summary>
internal static class RawSocket
{
    public const uint Readable = 0x1;
    public const uint Writable = 0x4;
    public const uint Failed = 0x8;
    public const uint HungUp = 0x10;
    public const uint PeerDone = 0x2000;
    public const uint EdgeTriggered = 1u << 31;

    /// <summary>Nothing more at the moment.</summary>
    public const int WouldBlock = 11;

    private const int InProgress = 115;
    private const int OpenFiles = 7;
    private const int CloneFiles = 0x400;
    private const int InterNetwork = 2;
    private const int StreamNonBlockingCloseOnExec = 0x1 | 0x800 | 0x80000;
    private const int Ip = 0;
    private const int Tcp = 6;
    private const int SocketLevel = 1;
    private const int NoDelay = 1;
    private const int Error = 4;
    private const int BindAddressNoPort = 24;
    private const int NoSignal = 0x4000;
    private const int AddressBytes = 16;

    // struct epoll_event is packed on x86-64 alone (epoll_ctl(2)).
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    /// <summary>The size of an event of <see cref="Wait"/>.</summary>
    public static int EventSize { get; } = DataOffset + sizeof(long);

    /// <summary>The number of files that a table may have.</summary>
    public static int FileLimit()
    {
        ulong[] limits = new ulong[2];
        return GetLimit(OpenFiles, limits) == 0 ? (int)Math.Min(limits[0], int.MaxValue) : throw new Win32Exception();
    }

    /// <summary>
    /// Gives the thread a copy of the table of files as its own, with a limit of its own. A thread started by it would use the copy too.
    /// </summary>
    public static void UnshareFiles()
    {
        if (Unshare(CloneFiles) != 0)
            throw new LoadException($"a thread cannot have files of its own: {new Win32Exception().Message}");
    }

    /// <summary>A socket that has begun to connect.</summary>
    /// <param name="to">Where.</param>
    /// <param name="from">The address it comes from. Null for the kernel's choice.</param>
    /// <param name="error">The errno of what failed, or 0.</param>
    /// <returns>The descriptor, or a negative number.</returns>
    public static int Connect(IPEndPoint to, IPAddress? from, out int error)
    {
        int file = Open(InterNetwork, StreamNonBlockingCloseOnExec, 0);
        error = file < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (file < 0)
            return file;
        int yes = 1;
        _ = SetOption(file, Tcp, NoDelay, ref yes, sizeof(int));
        // The port is chosen when the destination is known, and so only has to be free for that one.
        if (from is not null && (SetOption(file, Ip, BindAddressNoPort, ref yes, sizeof(int)) != 0
            || Bind(file, Bytes(from, 0), AddressBytes) != 0))
            error = Marshal.GetLastPInvokeError();
        else if (Connect(file, Bytes(to.Address, to.Port), AddressBytes) != 0
            && Marshal.GetLastPInvokeError() is var code and not InProgress)
            error = code;
        if (error == 0)
            return file;
        _ = Close(file);
        return -1;
    }

    /// <summary>Why connecting failed; 0 if it did not.</summary>
    public static int ConnectError(int file)
    {
        int error = 0, size = sizeof(int);
        return GetOption(file, SocketLevel, Error, ref error, ref size) == 0 ? error : Marshal.GetLastPInvokeError();
    }

    /// <returns>The number of bytes; 0 at the end; negative where the last error says why.</returns>
    public static int Receive(int file, Span<byte> buffer) => (int)Receive(file, ref MemoryMarshal.GetReference(buffer), buffer.Length, 0);

    public static int Send(int file, ReadOnlySpan<byte> bytes) =>
        (int)Send(file, ref MemoryMarshal.GetReference(bytes), bytes.Length, NoSignal);

    public static void Close(ref int file)
    {
        _ = Close(file);
        file = -1;
    }

    public static int CreateQueue() => CreateEpoll(0) is >= 0 and var queue ? queue : throw new Win32Exception();

    /// <summary>Watches a socket for anything that happens, told once each time.</summary>
    /// <returns>Whether it could be done.</returns>
    public static bool Watch(int queue, int file, ulong data)
    {
        Span<byte> change = stackalloc byte[EventSize];
        BitConverter.TryWriteBytes(change, Readable | Writable | PeerDone | EdgeTriggered);
        BitConverter.TryWriteBytes(change[DataOffset..], data);
        return Control(queue, 1, file, ref MemoryMarshal.GetReference(change)) == 0;
    }

    /// <summary>Waits until something happens or the time is over.</summary>
    public static int Wait(int queue, byte[] events, int milliseconds) => Wait(queue, events, events.Length / EventSize, milliseconds);

    public static (uint What, ulong Data) Event(byte[] events, int index)
    {
        var happened = events.AsSpan(index * EventSize, EventSize);
        return (BitConverter.ToUInt32(happened), BitConverter.ToUInt64(happened[DataOffset..]));
    }

    // struct sockaddr_in: family in the machine's order, port in the network's, address, 8 bytes of nothing.
    private static byte[] Bytes(IPAddress address, int port)
    {
        byte[] bytes = new byte[AddressBytes];
        BitConverter.TryWriteBytes(bytes, (ushort)InterNetwork);
        bytes[2] = (byte)(port >> 8);
        bytes[3] = (byte)port;
        address.TryWriteBytes(bytes.AsSpan(4), out _);
        return bytes;
    }

    [DllImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetLimit(int resource, [Out] ulong[] limits);

    [DllImport("libc", EntryPoint = "unshare", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Unshare(int flags);

    [DllImport("libc", EntryPoint = "socket", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(int domain, int type, int protocol);

    [DllImport("libc", EntryPoint = "bind", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Bind(int file, byte[] address, int length);

    [DllImport("libc", EntryPoint = "connect", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Connect(int file, byte[] address, int length);

    [DllImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetOption(int file, int level, int name, ref int value, int length);

    [DllImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetOption(int file, int level, int name, ref int value, ref int length);

    [DllImport("libc", EntryPoint = "recv", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Receive(int file, ref byte buffer, nint length, int flags);

    [DllImport("libc", EntryPoint = "send", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Send(int file, ref byte bytes, nint length, int flags);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int file);

    [DllImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int CreateEpoll(int flags);

    [DllImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int epoll, int operation, int file, ref byte change);

    [DllImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Wait(int epoll, byte[] events, int maxEvents, int timeout);
}
