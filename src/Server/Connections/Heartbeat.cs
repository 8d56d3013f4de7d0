using System.Diagnostics;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Options;

namespace Gateway.Server.Connections;

/// <summary>
/// Whether a client is still there, and when it is next asked. A field of its connection: the clock beats, the read loop notes what the
/// client does; a value that is late by a tick harms nobody.
/// </summary>
/// <remarks>Times have 32 bits and go round, those in milliseconds after 49 days. Only their differences are looked at.</remarks>
internal struct Heartbeat(long now)
{
    private uint _lastReceived = (uint)now;
    private uint _pinged;

    /// <summary>The microsecond of the last ping that waits for its pong; 0 for none.</summary>
    private uint _asked;

    private int _relieved;
    private bool _hasPinged;
    private bool _isPaused;
    private bool _isDue;

    /// <summary>Whether the connection's dialect waits for somebody else, and what the client sends stays unread.</summary>
    public readonly bool IsPaused => Volatile.Read(in _isPaused);

    private static uint Microseconds => (uint)(Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000));

    private static int Elapsed(uint since, long now) => (int)((uint)now - since);

    private readonly bool HasReceivedSincePing => (int)(_lastReceived - _pinged) >= 0;

    /// <summary>The client's silence is not its own from here on: what it sends is not read.</summary>
    public void Pause() => Volatile.Write(ref _isPaused, true);

    public void Resume(long now)
    {
        _lastReceived = (uint)now;
        Volatile.Write(ref _isPaused, false);
    }

    /// <summary>Something came from the client, or nothing could.</summary>
    public void Received(long now) => _lastReceived = (uint)now;

    /// <summary>Decides whether it is time for a ping, which <see cref="TakePing"/> then gives. Called by the clock.</summary>
    /// <param name="now">Milliseconds on the clock.</param>
    /// <param name="options">How often, and how long to wait.</param>
    /// <param name="writer">The connection's writer.</param>
    /// <param name="isDue">Whether it is time now.</param>
    /// <param name="next">When to ask again: at the next tick while a client is waited for.</param>
    /// <returns>False when the client is taken for gone.</returns>
    public bool TryBeat(long now, HeartbeatOptions options, ConnectionWriter writer, out bool isDue, out long next)
    {
        isDue = false;
        next = now;
        if (IsPaused)
            return true;
        // A client that cannot answer has shown that it is there by taking the ping.
        if (_hasPinged && !writer.Encoding.ExpectsPong && writer.HasSentAll && !HasReceivedSincePing)
            _lastReceived = _pinged;
        // Compared with when the ping was sent, not with the time since: the next tick may be later than the next ping is due.
        if (HasReceivedSincePing)
            _hasPinged = false;
        if (!_hasPinged)
        {
            long left = (long)options.Ping.TotalMilliseconds - Elapsed(_lastReceived, now);
            if (left > 0)
            {
                next = now + left;
                return true;
            }
            (_hasPinged, _pinged) = (true, (uint)now);
            _relieved = writer.Relieved;
            Volatile.Write(ref _isDue, isDue = true);
            return true;
        }
        if (_relieved == writer.Relieved)
            return Elapsed(_pinged, now) < options.PongTimeout.TotalMilliseconds;
        // A slow client that still takes bytes is alive; its pong may be unread because its own requests are being answered first.
        _pinged = (uint)now;
        _relieved = writer.Relieved;
        return true;
    }

    /// <summary>
    /// Whether to send a ping now. For whoever sends it: the read loop, or the clock where that one has a thread for itself.
    /// </summary>
    public bool TakePing()
    {
        if (!Volatile.Read(in _isDue))
            return false;
        _isDue = false;
        Volatile.Write(ref _asked, Microseconds | 1);
        return true;
    }

    /// <summary>A pong has come.</summary>
    /// <param name="roundTrip">How long it took.</param>
    /// <returns>False where no ping waits for one: a client may send some that nobody asked for.</returns>
    public bool TryAnswer(out TimeSpan roundTrip)
    {
        uint asked = Interlocked.Exchange(ref _asked, 0);
        roundTrip = asked == 0 ? default : TimeSpan.FromMicroseconds(Math.Max(0, (int)(Microseconds - asked)));
        return asked != 0;
    }
}
