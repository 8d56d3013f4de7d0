namespace Gateway.Server.Clock;

/// <summary>
/// The monotonic clock of a <see cref="TimeProvider"/> in milliseconds, the unit of every deadline that is compared often.
/// </summary>
internal static class TimeProviderExtensions
{
    /// <summary>Milliseconds since an arbitrary moment. A change of the system's date does not move them.</summary>
    public static long GetMilliseconds(this TimeProvider time) => time.GetTimestamp() / (time.TimestampFrequency / 1000);
}
