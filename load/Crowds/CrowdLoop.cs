using System.ComponentModel;
using Gateway.Load.Dialects;
using Gateway.Load.Sockets;
using Gateway.Protocol.WebSockets;

namespace Gateway.Load.Crowds;

/// <summary>
/// A share of a crowd's members on a thread of its own, which connects them, a few at a time, reads and checks what they get, and brings
/// back those whose connection ends. Any thread may look at how far they are.
/// </summary>
internal sealed partial class CrowdLoop : IReceiver, IDisposable
{
    private const int MaxEvents = 512;

    /// <summary>A loop looks up this often for what others want of it.</summary>
    private const int Pause = 100;

    /// <summary>A member whose connection ended, or did not come about, waits for so long.</summary>
    private const int RetryMilliseconds = 2000;

    private readonly CrowdPlan _plan;
    private readonly int _index;
    private readonly int _first;
    private readonly int _window;
    private readonly bool _hasOwnFiles;
    private readonly Member[] _members;
    private readonly byte[] _events = new byte[MaxEvents * RawSocket.EventSize];
    private readonly Queue<(int Member, long At)> _retries = new();
    private readonly Thread _thread;
    private int _queue;
    private int _started;
    private int _underWay;
    private volatile bool _isConnecting;
    private volatile bool _isStopped;

    /// <param name="plan">The crowd's.</param>
    /// <param name="index">Its place among the loops.</param>
    /// <param name="first">The first of its members.</param>
    /// <param name="count">The number of its members.</param>
    /// <param name="window">How many may be connecting at a time.</param>
    /// <param name="hasOwnFiles">Whether the thread gets a table of files of its own.</param>
    public CrowdLoop(CrowdPlan plan, int index, int first, int count, int window, bool hasOwnFiles)
    {
        _plan = plan;
        _index = index;
        _first = first;
        _window = window;
        _hasOwnFiles = hasOwnFiles;
        _members = new Member[count];
        _thread = new Thread(Run) { IsBackground = true, Name = $"crowd {index}" };
        _thread.Start();
    }

    /// <summary>The messages that its members have got.</summary>
    public long Taken => Volatile.Read(ref _taken);

    /// <summary>Whether nobody is connecting.</summary>
    public bool IsQuiet => Volatile.Read(ref _underWay) == 0;

    /// <summary>Lets those of its members connect that are not connected.</summary>
    public void Connect() => _isConnecting = true;

    public MemberState StateOf(int member) => _members[member - _first].State;

    public bool Has(int member) => member >= _first && member < _first + _members.Length;

    /// <summary>Adds its members to a count.</summary>
    /// <param name="published">The number of messages that everybody must have by now.</param>
    /// <param name="present">Those that are subscribed.</param>
    /// <param name="behind">Those of them that do not have all messages.</param>
    /// <param name="away">Those that were there once and are not now.</param>
    public void Count(uint published, ref int present, ref int behind, ref int away)
    {
        foreach (ref readonly var member in _members.AsSpan())
        {
            if (member.State == MemberState.Present)
            {
                present++;
                behind += member.Next < published ? 1 : 0;
            }
            else if (member.HasPosition)
            {
                away++;
            }
        }
    }

    public void Dispose()
    {
        _isStopped = true;
        _thread.Join();
    }

    private void Run()
    {
        try
        {
            if (_hasOwnFiles)
                RawSocket.UnshareFiles();
            _queue = RawSocket.CreateQueue();
            while (!_isStopped)
            {
                StartSome();
                int ready = RawSocket.Wait(_queue, _events, Pause);
                for (int i = 0; i < ready; i++)
                {
                    var (what, data) = RawSocket.Event(_events, i);
                    OnReady((int)(uint)data, (int)(data >> 32), what);
                }
            }
        }
        catch (Exception failure) when (failure is LoadException or Win32Exception)
        {
            _plan.Findings.Add(failure.Message);
        }
        foreach (ref var member in _members.AsSpan())
        {
            if (member.State != MemberState.Away)
                RawSocket.Close(ref member.File);
        }
        RawSocket.Close(ref _queue);
    }

    private void StartSome()
    {
        if (!_isConnecting)
            return;
        long now = Environment.TickCount64;
        while (_underWay < _window && _retries.TryPeek(out var retry) && retry.At <= now)
            Start(_retries.Dequeue().Member);
        while (_underWay < _window && _started < _members.Length && _plan.MayGrow)
            Start(_started++);
    }

    private void Start(int index)
    {
        ref var member = ref _members[index];
        int number = _first + index;
        _underWay++;
        member.File = RawSocket.Connect(_plan.Address(number), _plan.Source(number), out int error);
        member.State = MemberState.Connecting;
        if (member.File < 0)
            End(index, new Win32Exception(error).Message);
        else if (!RawSocket.Watch(_queue, member.File, ((ulong)(uint)member.File << 32) | (uint)index))
            End(index, new Win32Exception().Message);
    }

    private void OnReady(int index, int file, uint what)
    {
        ref var member = ref _members[index];
        // Another descriptor: its connection ended earlier in this round.
        if (member.State == MemberState.Away || member.File != file)
            return;
        if (member.State == MemberState.Connecting)
        {
            if ((what & (RawSocket.Failed | RawSocket.HungUp)) != 0)
            {
                End(index, new Win32Exception(RawSocket.ConnectError(file)).Message);
                return;
            }
            member.State = MemberState.Upgrading;
            Send(index, _plan.Request(_first + index));
        }
        if ((what & ~RawSocket.Writable) != 0 && member.State != MemberState.Away)
            Receive(index, mayHaveEnded: (what & (RawSocket.PeerDone | RawSocket.HungUp | RawSocket.Failed)) != 0);
    }

    private void SubscribeAll(int index)
    {
        ref readonly var member = ref _members[index];
        SendText(index, _plan.All.Subscribe(member.HasPosition ? member.Next : null));
    }

    private void SubscribeOwn(int index, int own) =>
        SendText(index, _plan.Own[own].Subscribe(_members[index].HasPosition ? _plan.OwnNext[own] : null));

    private void SendText(int index, ReadOnlySpan<byte> text) => SendFrame(index, Opcode.Text, text);

    private void SendFrame(int index, Opcode opcode, ReadOnlySpan<byte> payload)
    {
        _frames.AddFrame(opcode, payload);
        Send(index, _frames.Unsent);
        _frames.Sent(_frames.Unsent.Length);
    }

    // What members send is so little that the kernel always takes it, unless the connection is gone.
    private void Send(int index, ReadOnlySpan<byte> bytes)
    {
        if (RawSocket.Send(_members[index].File, bytes) != bytes.Length)
            End(index, new Win32Exception().Message);
    }

    /// <summary>A connection is over, or came to nothing; the member tries again.</summary>
    private void End(int index, string reason)
    {
        ref var member = ref _members[index];
        if (member.State == MemberState.Away)
            return;
        int number = _first + index;
        if (member.State == MemberState.Present)
        {
            _plan.Findings.End();
            if (!_plan.MayEnd(number))
                _plan.Findings.Add($"client {number} of node {CrowdPlan.NodeOf(number, _plan.Nodes)} was cut off: {reason}");
        }
        else
        {
            _underWay--;
            _plan.Findings.Refuse(reason);
        }
        member.State = MemberState.Away;
        if (member.File >= 0)
            RawSocket.Close(ref member.File);
        _rests.Remove(index);
        _retries.Enqueue((index, Environment.TickCount64 + RetryMilliseconds));
    }
}
