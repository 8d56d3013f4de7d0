using System.Buffers.Text;
using System.Security.Cryptography;

namespace Gateway.Server.Connections;

/// <summary>Makes connection ids: 96 random bits, so that they are unique across nodes and cannot be guessed. Stateless.</summary>
internal static class ConnectionId
{
    public static string Next()
    {
        Span<byte> random = stackalloc byte[12];
        RandomNumberGenerator.Fill(random);
        return Base64Url.EncodeToString(random);
    }
}
