namespace Gateway.Server.Dialects.Streams;

/// <summary>The client's side of a stream, which says nothing itself.</summary>
internal interface IStreamClient
{
    /// <summary>The client has taken a ping.</summary>
    void Answer();

    /// <summary>The client has left, or has been told all.</summary>
    void Complete();
}
