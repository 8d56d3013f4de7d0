using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;

namespace Gateway.Tests.Backplane;

public sealed class IdempotencyKeyTests
{
    [Fact]
    public void Keys_are_the_same_only_if_owner_and_text_are()
    {
        var random = new Random(11);
        var owners = new Dictionary<string, string>();
        for (int i = 0; i < 50_000; i++)
        {
            var (kind, owner, key) = (random.Next(4), Any(), Any());
            var user = Utf8Text.Of(owner);
            var identified = kind switch
            {
                0 => IdempotencyKey.OfUser(user, key),
                1 => IdempotencyKey.OfConnection(user, key),
                2 => IdempotencyKey.OfAddress(owner, key),
                _ => IdempotencyKey.OfApi(key),
            };
            string name = kind == 3 ? $"API {Convert.ToHexString(key)}" : $"{kind} {Convert.ToHexString(owner)} {Convert.ToHexString(key)}";
            string bytes = Convert.ToHexString(identified.ToArray());
            Assert.True(owners.TryAdd(bytes, name) || owners[bytes] == name, $"{name} and {owners[bytes]} are both {bytes}");
        }

        byte[] Any() => [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => "\0\u0001uca"u8[random.Next(5)])];
    }
}
