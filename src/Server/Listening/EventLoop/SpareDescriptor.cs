namespace Gateway.Server.Listening.EventLoop;

/// <summary>
/// An open file that is given up for a moment when the process has no other left: then a waiting socket can be accepted and closed, where
/// it would otherwise keep its client waiting and the loops busy. Safe for any thread.
/// </summary>
internal sealed class SpareDescriptor : IDisposable
{
    private const int ReadOnly = 0;

    private readonly Lock _gate = new();
    private int _descriptor = Open();

    /// <summary>Accepts one socket and closes it. False when there is none, or no file even so.</summary>
    public bool TryRefuse(int listener)
    {
        lock (_gate)
        {
            if (_descriptor >= 0)
                _ = Libc.Close(_descriptor);
            byte[] address = new byte[PeerAddress.MaxBytes];
            int length = address.Length;
            int refused = Libc.Accept(listener, ref address[0], ref length, Libc.NonBlocking | Libc.CloseOnExec);
            if (refused >= 0)
                _ = Libc.Close(refused);
            _descriptor = Open();
            return refused >= 0;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_descriptor >= 0)
                _ = Libc.Close(_descriptor);
            _descriptor = -1;
        }
    }

    private static int Open() => Libc.Open("/dev/null", ReadOnly | Libc.CloseOnExec);
}
