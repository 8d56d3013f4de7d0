using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Memory;

/// <summary>
/// The epochs of channels that have no stream: computed from the name and a generation, so that telling one keeps nothing. A stream begins
/// with the epoch that was told before it, and when it is forgotten the generation is renewed: the epoch is never told again. Safe for any
/// thread.
/// </summary>
/// <remarks>
/// 4,096 generations are shared by all channels: a stream that is forgotten also renews the epochs of the few empty channels beside it.
/// </remarks>
internal sealed class EmptyEpochs
{
    private readonly long[] _generations = [.. Enumerable.Range(0, 4096).Select(_ => NewGeneration())];

    public long Generation(ChannelName channel) => Volatile.Read(ref _generations[SlotOf(channel)]);

    public void Renew(ChannelName channel) => Volatile.Write(ref _generations[SlotOf(channel)], NewGeneration());

    /// <summary>
    /// 48 bits in hexadecimal: that two generations give a channel the same is no more likely than that two random epochs are the same.
    /// </summary>
    public static string EpochOf(ChannelName channel, long generation)
    {
        ulong bits = (ulong)generation ^ ((uint)channel.GetHashCode() * 0x9e3779b97f4a7c15);
        bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
        bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
        return (bits >> 16).ToString("x12", CultureInfo.InvariantCulture);
    }

    private int SlotOf(ChannelName channel) => (int)((uint)channel.GetHashCode() / 32 % (uint)_generations.Length);

    private static long NewGeneration() => BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(long)));
}
