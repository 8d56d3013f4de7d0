using System.Text;

namespace Gateway.Load.Sockets;

/// <summary>The text around the content of a message, made once so that nothing is made when it is sent. Immutable.</summary>
internal sealed class Envelope(string before, string after)
{
    private readonly byte[] _before = Encoding.UTF8.GetBytes(before);
    private readonly byte[] _after = Encoding.UTF8.GetBytes(after);

    public ReadOnlySpan<byte> Before => _before;

    public ReadOnlySpan<byte> After => _after;
}
