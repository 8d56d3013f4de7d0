using System.Diagnostics;
using Gateway.Load.Clients;
using Gateway.Load.Dialects;
using Gateway.Load.Measuring;
using Gateway.Load.Sockets;

namespace Gateway.Load.Crowds;

/// <summary>
/// More clients than a process may have files: each is a socket and a few bytes, on a loop that has a table of files of its own. All are
/// subscribed to one channel, and a few also to a channel of their own. Used by one thread.
/// </summary>
internal sealed class Crowd : IDisposable
{
    /// <summary>Files of a loop's table that are not its own: copies of the process's, among them the runtime's.</summary>
    private const int OtherFiles = 300;

    /// <summary>Connections that are being made at a time, on all loops together.</summary>
    private const int Connecting = 256;

    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(200);

    private readonly LoadOptions _options;
    private readonly Client _publisher;
    private readonly CrowdLoop[] _loops;
    private readonly byte[] _content;

    private Crowd(LoadOptions options, CrowdPlan plan, Client publisher, int loops, bool hasOwnFiles)
    {
        _options = options;
        Plan = plan;
        _publisher = publisher;
        _content = new byte[options.Bytes];
        Filler.Of(options.Bytes - Marker.Length).CopyTo(_content.AsSpan(Marker.Length));
        _loops = [.. Enumerable.Range(0, loops).Select(i => NewLoop(plan, i, loops, hasOwnFiles))];
    }

    public CrowdPlan Plan { get; }

    /// <summary>
    /// The members that are subscribed, of these the ones without the newest message, and those that were there and are not now.
    /// </summary>
    public (int Present, int Behind, int Away) Count()
    {
        int present = 0, behind = 0, away = 0;
        foreach (var loop in _loops)
            loop.Count(Plan.All.Published, ref present, ref behind, ref away);
        return (present, behind, away);
    }

    /// <summary>Prepares the crowd, whose members do not connect yet.</summary>
    /// <param name="run">For the publisher, an ordinary client, which connects to the first node.</param>
    /// <param name="options">Those of the crowd.</param>
    /// <param name="nodes">WebSockets of the nodes, by addresses.</param>
    public static async Task<Crowd> CreateAsync(LoadRun run, LoadOptions options, IReadOnlyList<Uri> nodes)
    {
        if (!OperatingSystem.IsLinux() || nodes.Any(node => node.Scheme != "ws"))
            throw new LoadException("a crowd needs Linux, and nodes without TLS");
        var targets = new List<ConnectionTarget>();
        foreach (var node in nodes)
            targets.Add(await ConnectionTarget.ResolveAsync(node, isInsecure: false, CancellationToken.None));
        int perTable = Math.Max(1, RawSocket.FileLimit() - OtherFiles);
        bool hasOwnFiles = options.Connections > perTable;
        int loops = hasOwnFiles ? ((options.Connections - 1) / perTable) + 1 : Math.Min(options.Threads, options.Connections);
        var plan = new CrowdPlan(run.Id, options, [.. targets], loops);
        var publisher = await run.NewClientAsync(nodes[0]);
        await publisher.ConnectAsync();
        return new Crowd(options, plan, publisher, loops, hasOwnFiles);
    }

    /// <summary>Connects everybody, or as many as the machine has memory for.</summary>
    /// <returns>Why it ended before, or null.</returns>
    public async Task<string?> ConnectAsync()
    {
        string? stopped = Shortage();
        Plan.MayGrow = stopped is null;
        foreach (var loop in _loops)
            loop.Connect();
        await WaitAsync(now =>
        {
            stopped ??= Shortage();
            Plan.MayGrow = stopped is null;
            return now.Present == Plan.Members || (!Plan.MayGrow && _loops.All(loop => loop.IsQuiet));
        });
        Plan.MayGrow = false;
        return stopped;
    }

    /// <summary>Publishes to everybody, and waits until all who are there have it.</summary>
    /// <returns>The times of all deliveries.</returns>
    public async Task<Distribution> PublishAsync()
    {
        var before = Plan.Delivery.Snapshot();
        Plan.All.Publish(_publisher, _content, Stopwatch.GetTimestamp());
        await WaitAsync(now => now.Behind == 0);
        return Plan.Delivery.Snapshot().Since(before);
    }

    /// <summary>Publishes to the members that have a channel of their own, to one after the other.</summary>
    public async Task<Distribution> PublishToSinglesAsync(int count)
    {
        var before = Plan.OwnDelivery.Snapshot();
        for (int i = 0; i < count && Plan.Own.Count > 0; i++)
        {
            int own = i % Plan.Own.Count;
            var channel = Plan.Own[own];
            if (channel.Epoch is null)
                continue; // its member has never been there
            channel.Publish(_publisher, _content, Stopwatch.GetTimestamp());
            await WaitAsync(_ => IsUpToDate(own) || !IsPresent(own), mayLookAtAll: false);
        }
        return Plan.OwnDelivery.Snapshot().Since(before);
    }

    /// <summary>Waits until everybody who was ever there is there, and has everything.</summary>
    public Task ReturnAsync() =>
        WaitAsync(now => now.Away == 0 && now.Behind == 0 && Enumerable.Range(0, Plan.Own.Count).All(IsUpToDate));

    public void Dispose()
    {
        foreach (var loop in _loops)
            loop.Dispose();
    }

    private static CrowdLoop NewLoop(CrowdPlan plan, int index, int count, bool hasOwnFiles)
    {
        int first = (int)((long)plan.Members * index / count);
        int end = (int)((long)plan.Members * (index + 1) / count);
        return new CrowdLoop(plan, index, first, end - first, Math.Max(1, Connecting / count), hasOwnFiles);
    }

    private string? Shortage() =>
        SystemMemory.AvailableBytes() is var left && left < _options.MemoryReserve ? $"only {left >> 20} MiB of memory are left" : null;

    private bool IsUpToDate(int own) => Volatile.Read(ref Plan.OwnNext[own]) >= Plan.Own[own].Published;

    private bool IsPresent(int own)
    {
        int member = Plan.MemberOf(own);
        return _loops.Single(loop => loop.Has(member)).StateOf(member) == MemberState.Present;
    }

    /// <summary>Looks until it is so, nothing moves any more, or the machine has no memory left.</summary>
    private async Task WaitAsync(Func<(int Present, int Behind, int Away), bool> isSo, bool mayLookAtAll = true)
    {
        var pause = TimeSpan.FromMilliseconds(1);
        long moved = Stopwatch.GetTimestamp();
        long last = -1;
        while (true)
        {
            var now = mayLookAtAll ? Count() : default;
            if (isSo(now))
                return;
            long progress = _loops.Sum(loop => loop.Taken) + now.Present;
            if (progress != last)
                (last, moved) = (progress, Stopwatch.GetTimestamp());
            else if (Stopwatch.GetElapsedTime(moved) > _options.Timeout)
                throw new LoadException(
                    $"nothing has moved for {_options.Timeout.TotalSeconds:0} s: {now.Present} clients are subscribed, " +
                    $"{now.Behind} of them lack a message, {now.Away} are gone; the last refusal: {Plan.Findings.LastRefusal ?? "none"}");
            if (mayLookAtAll && SystemMemory.AvailableBytes() < _options.MemoryReserve / 4)
                throw new LoadException($"even what was to be left of memory ends: {Shortage()}");
            await Task.Delay(pause);
            // Whatever is measured is measured by the loops; looking at a million members takes milliseconds.
            pause = pause < LongestLook && mayLookAtAll ? 2 * pause : pause;
        }
    }
}
