using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Gateway.Server.Listening.EventLoop;

/// <summary>An epoll instance with the buffer of its events. Used by one loop; any thread may wake it.</summary>
internal sealed class Epoll : IDisposable
{
    private const int EventsPerWait = 256;

    /// <summary>The kernel's struct is packed on x64 alone: 4 bytes of events, 8 of the caller's data.</summary>
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventBytes = DataOffset + 8;

    private readonly int _descriptor;

    /// <summary>
    /// Counts its users, so that a thread that is about to wake a loop that ends does not write to another file of the same number.
    /// </summary>
    private readonly SafeFileHandle _wake;

    private readonly int _wakeDescriptor;
    private readonly byte[] _events = GC.AllocateArray<byte>(EventsPerWait * EventBytes, pinned: true);

    /// <exception cref="Win32Exception">The system has no descriptors left.</exception>
    public Epoll()
    {
        _descriptor = Libc.EpollCreate(Libc.CloseOnExec);
        if (_descriptor < 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        _wakeDescriptor = Libc.EventFd(0, Libc.CloseOnExec | Libc.NonBlocking);
        int error = Marshal.GetLastPInvokeError();
        _wake = new SafeFileHandle(_wakeDescriptor, ownsHandle: true);
        // Edge-triggered: every write is an event of its own, and nobody has to read the counter.
        if (_wakeDescriptor >= 0 && TryAdd(_wakeDescriptor, 0, ReadyEvents.Readable | ReadyEvents.EdgeTriggered))
            return;
        Dispose();
        throw new Win32Exception(error);
    }

    /// <summary>
    /// Registers a descriptor. Its events carry the generation, by which those of an earlier user of the same number are known.
    /// </summary>
    public bool TryAdd(int descriptor, uint generation, ReadyEvents events)
    {
        Span<byte> registration = stackalloc byte[EventBytes];
        registration.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(registration, (uint)events);
        BinaryPrimitives.WriteUInt64LittleEndian(registration[DataOffset..], ((ulong)generation << 32) | (uint)descriptor);
        return Libc.EpollControl(_descriptor, Libc.ControlAdd, descriptor, ref registration[0]) == 0;
    }

    public void Remove(int descriptor)
    {
        byte none = 0;
        _ = Libc.EpollControl(_descriptor, Libc.ControlRemove, descriptor, ref none);
    }

    /// <summary>Looks for events.</summary>
    /// <param name="blocks">Whether to wait until there is one.</param>
    /// <returns>How many <see cref="Event"/> has.</returns>
    public int Wait(bool blocks)
    {
        int count = blocks
            ? Libc.EpollWait(_descriptor, ref _events[0], EventsPerWait, -1)
            : Libc.EpollPoll(_descriptor, ref _events[0], EventsPerWait, 0);
        if (count >= 0)
            return count;
        int error = blocks ? Marshal.GetLastPInvokeError() : Libc.Error;
        return error == Libc.Interrupted ? 0 : throw new Win32Exception(error);
    }

    /// <summary>One of the events of the last <see cref="Wait"/>; null for one that only woke the loop.</summary>
    public (ReadyEvents Events, int Descriptor, uint Generation)? Event(int index)
    {
        var bytes = _events.AsSpan(index * EventBytes, EventBytes);
        ulong data = BinaryPrimitives.ReadUInt64LittleEndian(bytes[DataOffset..]);
        int descriptor = (int)data;
        return descriptor == _wakeDescriptor
            ? null
            : ((ReadyEvents)BinaryPrimitives.ReadUInt32LittleEndian(bytes), descriptor, (uint)(data >> 32));
    }

    /// <summary>Ends a <see cref="Wait"/> that blocks. From any thread.</summary>
    public void Wake()
    {
        try
        {
            _ = Libc.Write(_wake, 1, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // The loop has ended.
        }
    }

    public void Dispose()
    {
        _wake.Dispose();
        _ = Libc.Close(_descriptor);
    }
}
