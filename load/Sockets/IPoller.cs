namespace Gateway.Load.Sockets;

/// <summary>Says which sockets are ready, as long as they are. Used by one thread, its loop's.</summary>
internal interface IPoller : IDisposable
{
    /// <summary>Starts watching, or changes what is watched for.</summary>
    void Watch(IPollable owner, bool read, bool write);

    /// <summary>To be called before the socket is closed.</summary>
    void Forget(IPollable owner);

    /// <summary>Waits until a socket is ready, and calls the owners of all that are.</summary>
    void Wait();
}
