using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Gateway.Load.Clients;
using Gateway.Load.Dialects;
using Gateway.Load.Sockets;
using Gateway.Protocol.WebSockets;

namespace Gateway.Load.Crowds;

/// <content>Reading: whole frames are handled in the loop's one buffer; the few that come in parts wait for the rest.</content>
internal sealed partial class CrowdLoop
{
    private readonly byte[] _buffer = new byte[1 << 16];
    private readonly Dictionary<int, byte[]> _rests = [];
    private readonly FrameBuffer _frames = new();
    private long _taken;
    private long _readAt;
    private int _current;

    private bool IsOpen(int index) => _members[index].State > MemberState.Upgrading;

    private void Receive(int index, bool mayHaveEnded)
    {
        while (_members[index].State != MemberState.Away)
        {
            int rest = 0;
            if (_rests.Remove(index, out byte[]? kept))
            {
                kept.CopyTo(_buffer, 0);
                rest = kept.Length;
            }
            int space = _buffer.Length - rest;
            int got = RawSocket.Receive(_members[index].File, _buffer.AsSpan(rest));
            if (got <= 0)
            {
                if (kept is not null)
                    _rests[index] = kept;
                if (got == 0)
                    End(index, "the connection ended without a close frame");
                else if (Marshal.GetLastPInvokeError() != RawSocket.WouldBlock)
                    End(index, new Win32Exception().Message);
                return;
            }
            _readAt = Stopwatch.GetTimestamp();
            TakeGuarded(index, _buffer.AsSpan(0, rest + got));
            // Less than there was room for: nothing more has come, and what comes later is told. An end that was told is not told again.
            if (got < space && !mayHaveEnded)
                return;
        }
    }

    private void TakeGuarded(int index, ReadOnlySpan<byte> data)
    {
        try
        {
            Take(index, data);
        }
        catch (Exception strange) when (strange is LoadException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            if (IsOpen(index))
                _plan.Findings.Add($"client {_first + index}: {strange.Message}");
            End(index, strange.Message);
        }
    }

    private void Take(int index, ReadOnlySpan<byte> data)
    {
        if (_members[index].State == MemberState.Upgrading)
        {
            int end = data.IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                ConnectionTarget.CheckAnswer(data[..end]);
                data = data[(end + 4)..];
                _members[index].State = MemberState.Subscribing;
                SubscribeAll(index);
            }
        }
        while (IsOpen(index) && FrameParser.TryRead(
            data, isCompressible: false, out var opcode, out _, out _, out var payload, out int size))
        {
            data = data[size..];
            Handle(index, opcode, payload);
        }
        if (data.Length == _buffer.Length)
            throw new LoadException("the server sent more at once than is expected here");
        if (!data.IsEmpty && _members[index].State != MemberState.Away)
            _rests[index] = data.ToArray();
    }

    private void Handle(int index, Opcode opcode, ReadOnlySpan<byte> payload)
    {
        switch (opcode)
        {
            case Opcode.Text:
                _current = index;
                JsonDialect.Gateway.Read(payload, this);
                break;
            case Opcode.Ping:
                SendFrame(index, Opcode.Pong, payload);
                break;
            case Opcode.Close:
                SendFrame(index, Opcode.Close, payload.Length >= 2 ? payload[..2] : default);
                End(index, ConnectionEnd.Read(payload).ToString());
                break;
        }
    }

    void IReceiver.OnContent(ReadOnlySpan<byte> content)
    {
        Marker.TryRead(content, out var marker);
        ref var member = ref _members[_current];
        if (marker.Source == 0)
        {
            if (Check(_plan.All, marker, member.Next, content))
                _plan.Delivery.Record(_index, _readAt - marker.At);
            Volatile.Write(ref member.Next, Math.Max(member.Next, marker.Number + 1));
        }
        else if (_plan.OwnOf(_first + _current) is >= 0 and var own && _plan.Own[own].Number == marker.Source)
        {
            if (Check(_plan.Own[own], marker, _plan.OwnNext[own], content))
                _plan.OwnDelivery.Record(_index, _readAt - marker.At);
            Volatile.Write(ref _plan.OwnNext[own], Math.Max(_plan.OwnNext[own], marker.Number + 1));
        }
        else
        {
            _plan.Findings.Add($"client {_first + _current}: got a message of a channel it does not listen to");
        }
        Volatile.Write(ref _taken, _taken + 1);
    }

    void IReceiver.OnControl(ServerMessage message)
    {
        int own = _plan.OwnOf(_first + _current);
        var channel = own < 0 || message.Channel == _plan.All.Name ? _plan.All : _plan.Own[own];
        switch (message.Type)
        {
            case ServerMessage.Subscribed:
                OnSubscribed(channel, own, message);
                break;
            case ServerMessage.Error:
                End(_current, message.Reason);
                break;
            case "unsubscribed":
                // Such as after a queue that ran over: as the protocol says, the client goes on from where it was.
                _plan.Findings.Interrupt();
                if (channel == _plan.All)
                    SubscribeAll(_current);
                else
                    SubscribeOwn(_current, own);
                break;
        }
    }

    void IReceiver.Reply(ReadOnlySpan<byte> message) => SendText(_current, message);

    private void OnSubscribed(CrowdChannel channel, int own, ServerMessage answer)
    {
        ref var member = ref _members[_current];
        if (channel == _plan.All)
            Volatile.Write(ref member.Next, Position(channel, answer, member.HasPosition, member.Next));
        else
            Volatile.Write(ref _plan.OwnNext[own], Position(channel, answer, member.HasPosition, _plan.OwnNext[own]));
        if (member.State != MemberState.Subscribing)
            return;
        if (channel == _plan.All && own >= 0)
        {
            SubscribeOwn(_current, own);
            return;
        }
        member.HasPosition = true;
        member.State = MemberState.Present;
        _underWay--;
    }

    /// <summary>The number of the next message, by the answer to a subscription.</summary>
    private uint Position(CrowdChannel channel, ServerMessage answer, bool hasAsked, uint next)
    {
        channel.Epoch = answer.Epoch
            ?? throw new LoadException($"{channel.Name} has no history, which clients need to come back without a loss");
        if (!hasAsked)
            return (uint)answer.Seq;
        // What was missed follows, and is checked as it comes.
        if (answer.IsRecovered)
            return next;
        _plan.Findings.Add($"client {_first + _current}: {channel.Name} was not recovered from {next}");
        return (uint)answer.Seq;
    }

    private bool Check(CrowdChannel channel, Marker marker, uint next, ReadOnlySpan<byte> content)
    {
        int bytes = _plan.ContentBytes;
        if (marker.Number != next)
            _plan.Findings.Add($"client {_first + _current}: got message {marker.Number} of {channel.Name} where {next} was due");
        else if (content.Length < bytes || !content[Marker.Length..bytes].SequenceEqual(Filler.Of(bytes - Marker.Length)))
            _plan.Findings.Add($"client {_first + _current}: message {marker.Number} of {channel.Name} came changed");
        else
            return true;
        return false;
    }
}
