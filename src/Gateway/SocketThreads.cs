using System.Globalization;

namespace Gateway;

/// <summary>
/// Makes the runtime's socket threads, which wait for readiness, run what becomes ready themselves instead of waking a thread-pool thread
/// for it: a third of the cost of a small message is that hop. For one thread, before the first socket.
/// </summary>
/// <remarks>
/// What runs there must not block, and nothing of ours does; HTTP requests leave for the thread pool at once. The runtime has no other
/// switch for this than environment variables, which it reads when its first socket is made; one that is set wins.
/// </remarks>
internal static class SocketThreads
{
    private const string Inline = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
    private const string Count = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";

    public static void Configure()
    {
        SetDefault(Inline, "1");
        SetDefault(Count, Math.Max(1, Environment.ProcessorCount / 2).ToString(CultureInfo.InvariantCulture));
    }

    private static void SetDefault(string name, string value)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)))
            Environment.SetEnvironmentVariable(name, value);
    }
}
