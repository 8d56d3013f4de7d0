using System.Numerics;

namespace Gateway.Load.Measuring;

/// <summary>
/// One thread records; any thread may take a snapshot, which holds every record that was complete. Log-linear buckets as in HDR
/// histograms: three significant digits from a microsecond to an hour, in fixed memory.
/// </summary>
internal sealed class Histogram
{
    /// <summary>Steps of each power of two: 1,024, so that a value is known within 0.1 %.</summary>
    private const int StepBits = 10;

    private const int Steps = 1 << StepBits;
    private const long Highest = 3_600_000_000;

    private readonly long[] _counts = new long[Buckets];

    public static int Buckets { get; } = BucketOf(Highest) + 1;

    /// <summary>The highest value that the bucket stands for.</summary>
    public static long HighestOf(int bucket)
    {
        if (bucket < 2 * Steps)
            return bucket;
        int shift = (bucket >> StepBits) - 1;
        return ((bucket - ((long)shift << StepBits) + 1) << shift) - 1;
    }

    /// <summary>Records a time. A time beyond either end is counted at that end.</summary>
    public void Record(long microseconds) => _counts[BucketOf(Math.Clamp(microseconds, 0, Highest))]++;

    public void AddTo(long[] counts)
    {
        for (int i = 0; i < counts.Length; i++)
            counts[i] += Volatile.Read(ref _counts[i]);
    }

    // Below 2,048 the value itself; above, the power of two and the 10 bits after the first.
    private static int BucketOf(long value)
    {
        int shift = Math.Max(0, BitOperations.Log2((ulong)value) - StepBits);
        return (shift << StepBits) + (int)(value >> shift);
    }
}
