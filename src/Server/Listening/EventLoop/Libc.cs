using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Gateway.Server.Listening.EventLoop;

/// <summary>Linux's system calls for sockets and readiness, as the event loops use them. Safe for any thread.</summary>
/// <remarks>
/// The calls with <see cref="SuppressGCTransitionAttribute"/> never block: their descriptors are non-blocking. The attribute makes an echo
/// a few per cent cheaper, and leaves the system's error in place until it is read; a garbage collection waits for such a call to end. The
/// numbers are those of x64 and Arm64 alike.
/// </remarks>
internal static partial class Libc
{
    public const int CloseOnExec = 0x80000;
    public const int NonBlocking = 0x800;

    public const int ControlAdd = 1;
    public const int ControlRemove = 2;

    public const int Interrupted = 4;
    public const int WouldBlock = 11;
    public const int NoBuffers = 105;

    private const string Library = "libc";

    private const int MessagePeek = 0x2;
    private const int MessageNoSignal = 0x4000;
    private const int SocketLevel = 1;
    private const int LingerOption = 13;
    private const int ShutdownWrite = 1;

    [LibraryImport(Library, EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate(int flags);

    [LibraryImport(Library, EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(int epoll, int operation, int descriptor, ref byte epollEvent);

    /// <summary>For a timeout of 0, which never blocks.</summary>
    [LibraryImport(Library, EntryPoint = "epoll_wait")]
    [SuppressGCTransition]
    public static partial int EpollPoll(int epoll, ref byte events, int count, int timeout);

    [LibraryImport(Library, EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(int epoll, ref byte events, int count, int timeout);

    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventFd(uint value, int flags);

    [LibraryImport(Library, EntryPoint = "write")]
    [SuppressGCTransition]
    public static partial nint Write(SafeFileHandle descriptor, in ulong value, nint length);

    [LibraryImport(Library, EntryPoint = "accept4")]
    [SuppressGCTransition]
    public static partial int Accept(int descriptor, ref byte address, ref int addressLength, int flags);

    [LibraryImport(Library, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport(Library, EntryPoint = "close")]
    public static partial int Close(int descriptor);

    /// <summary>Receives into the buffer.</summary>
    /// <returns>The bytes received; 0 at the end of the peer's side; -1 with an <see cref="Error"/>.</returns>
    public static int Receive(int descriptor, Span<byte> buffer, bool peek) =>
        (int)Recv(descriptor, ref MemoryMarshal.GetReference(buffer), buffer.Length, peek ? MessagePeek : 0);

    /// <summary>Sends without raising SIGPIPE, which would end the process.</summary>
    /// <returns>The bytes taken; -1 with an <see cref="Error"/>.</returns>
    public static int Send(int descriptor, ReadOnlySpan<byte> bytes) =>
        (int)Send(descriptor, in MemoryMarshal.GetReference(bytes), bytes.Length, MessageNoSignal);

    /// <summary>Ends this side of the stream behind everything that was sent.</summary>
    public static void ShutdownSend(int descriptor) => _ = Shutdown(descriptor, ShutdownWrite);

    /// <summary>Makes closing the descriptor a reset, which also drops what was not sent.</summary>
    public static void ResetOnClose(int descriptor)
    {
        var linger = new Linger(OnOff: 1, Seconds: 0);
        _ = SetOption(descriptor, SocketLevel, LingerOption, in linger, Marshal.SizeOf<Linger>());
    }

    /// <summary>Why the last call of this thread failed. For the calls that leave the error in place, directly after them.</summary>
    public static int Error => Marshal.GetLastSystemError();

    [LibraryImport(Library, EntryPoint = "recv")]
    [SuppressGCTransition]
    private static partial nint Recv(int descriptor, ref byte buffer, nint length, int flags);

    [LibraryImport(Library, EntryPoint = "send")]
    [SuppressGCTransition]
    private static partial nint Send(int descriptor, in byte buffer, nint length, int flags);

    [LibraryImport(Library, EntryPoint = "shutdown")]
    private static partial int Shutdown(int descriptor, int how);

    [LibraryImport(Library, EntryPoint = "setsockopt")]
    private static partial int SetOption(int descriptor, int level, int option, in Linger value, int length);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Linger(int OnOff, int Seconds);
}
