using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Gateway.Protocol.Messages;

namespace Gateway.Server.Backplane.Redis;

/// <summary>Reads a present user from Redis, and refuses anything that may not stand in a message to a client. Stateless.</summary>
internal static class PresenceRecord
{
    /// <summary>Reads a user. False where the id is empty or not UTF-8, or the info is not a JSON object.</summary>
    public static bool TryRead(ReadOnlySpan<byte> id, ReadOnlySpan<byte> info, out PresentUser user)
    {
        user = null!;
        if (id.IsEmpty || !Utf8.IsValid(id) || !IsObjectOrNothing(info))
            return false;
        user = new PresentUser(Encoding.UTF8.GetString(id), info.ToArray());
        return true;
    }

    private static bool IsObjectOrNothing(ReadOnlySpan<byte> info)
    {
        if (info.IsEmpty)
            return true;
        // The JSON reader does not check the bytes of strings.
        if (!Utf8.IsValid(info))
            return false;
        try
        {
            var reader = new Utf8JsonReader(info);
            bool isObject = reader.Read() && reader.TokenType == JsonTokenType.StartObject;
            while (isObject && reader.Read())
            {
            }
            return isObject;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
