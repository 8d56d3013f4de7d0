using System.Text;
using Gateway.Protocol.Compression;
using Gateway.TestSupport;

namespace Gateway.Protocol.Tests.Compression;

/// <summary>RFC 7692 section 7.2.1: what is deflated here can be inflated by anybody, each message by itself.</summary>
public sealed class DeflaterTests
{
    private static byte[] Deflate(Deflater deflater, byte[] message)
    {
        byte[] destination = new byte[Deflater.MaxBytes(message.Length)];
        return destination[..deflater.Deflate(message, destination)];
    }

    public static TheoryData<int, int> Kinds()
    {
        var kinds = new TheoryData<int, int>();
        foreach (int level in Enumerable.Range(1, 9))
        {
            foreach (int window in new[] { 9, 12, 15 })
                kinds.Add(level, window);
        }
        return kinds;
    }

    [Fact]
    public void The_runtime_has_what_is_needed() => Assert.True(ZLib.IsAvailable);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_message_can_be_inflated_without_those_before_it(int level, int windowBits)
    {
        var random = new Random(level);
        using var deflater = new Deflater(level, windowBits);
        for (int i = 0; i < 200; i++)
        {
            byte[] message = new byte[1 + random.Next(i % 20 == 0 ? 100_000 : 3_000)];
            // Letters that repeat within a message and from one to the next.
            for (int at = 0; at < message.Length; at++)
                message[at] = i % 3 == 0 ? (byte)random.Next(256) : (byte)('a' + (at * 7 % 26 & random.Next(26)));
            byte[] deflated = Deflate(deflater, message);
            Assert.Equal(message, Deflated.Inflate(deflated));
        }
    }

    [Fact]
    public void The_same_message_becomes_the_same_bytes()
    {
        using var deflater = new Deflater(level: 2, windowBits: 15);
        byte[] message = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("the same ", 100)));
        byte[] first = Deflate(deflater, message);
        Deflate(deflater, [.. message.Reverse()]);

        Assert.Equal(first, Deflate(deflater, message));
        Assert.InRange(first.Length, 1, 60);
    }

    [Fact]
    public void A_smaller_window_refers_no_further_back()
    {
        byte[] noise = new byte[600];
        new Random(7).NextBytes(noise);
        byte[] message = [.. noise, .. noise];
        using var small = new Deflater(level: 6, windowBits: 9);
        using var large = new Deflater(level: 6, windowBits: 15);

        // The second half lies 600 bytes behind the first: within 32 KB, not within 512 bytes.
        Assert.InRange(Deflate(large, message).Length, 600, 700);
        Assert.InRange(Deflate(small, message).Length, 1200, Deflater.MaxBytes(1200));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(6)]
    [InlineData(9)]
    public void No_message_becomes_longer_than_is_said(int level)
    {
        var random = new Random(9);
        using var deflater = new Deflater(level, windowBits: 9);
        foreach (int bytes in new[] { 1, 2, 10, 100, 1_000, 10_000, 100_000, 1_000_000 })
        {
            byte[] message = new byte[bytes];
            random.NextBytes(message);
            // The fixed codes need 9 bits for the upper half.
            for (int i = 0; i < bytes; i++)
                message[i] |= 0x90;
            Assert.Equal(message, Deflated.Inflate(Deflate(deflater, message)));
        }
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        using var deflater = new Deflater(level: 2, windowBits: 15);
        byte[] message = new byte[1000], destination = new byte[Deflater.MaxBytes(1000)];
        deflater.Deflate(message, destination);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            deflater.Deflate(message, destination);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_pool_keeps_as_many_as_there_are_processors()
    {
        int made = 0, disposed = 0;
        var pool = new BoundedPool<Counted>(() => new Counted(++made, () => disposed++));
        var rented = Enumerable.Range(0, Environment.ProcessorCount + 3).Select(_ => pool.Rent()).ToList();
        rented.ForEach(pool.Return);

        Assert.Equal(Environment.ProcessorCount + 3, made);
        Assert.Equal(3, disposed);
        var again = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => pool.Rent()).ToList();
        Assert.Equal(again.Count, again.Distinct().Count());
        Assert.Equal(Environment.ProcessorCount + 3, made);
    }

    private sealed class Counted(int number, Action disposed) : IDisposable
    {
        public void Dispose() => disposed();

        public override string ToString() => $"{number}";
    }
}
