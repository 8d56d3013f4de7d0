using System.Buffers;
using System.Text;

namespace Gateway.Protocol.Tests.Messages;

/// <summary>The text that a writer put out.</summary>
internal static class Written
{
    public static string By(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
