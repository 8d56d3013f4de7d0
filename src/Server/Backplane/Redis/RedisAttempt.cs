using System.Net;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>One attempt to connect to a Redis server or cluster, and the reason of its failure. Safe for any thread.</summary>
internal sealed class RedisAttempt
{
    /// <summary>The library reports the end of an attempt on another thread, possibly after the attempt itself has returned.</summary>
    private static readonly TimeSpan ReportDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Where a server, or a proxy in front of it, begins to repeat the arguments of a command that it does not have: of AUTH, the password.
    /// </summary>
    private const string Arguments = ", with args beginning with";

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, string> _reasons = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _isKnown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;
    private readonly int _servers;
    private Exception? _failure;

    /// <param name="options">How to connect. The object belongs to the attempt from now on.</param>
    /// <param name="time">The clock.</param>
    public RedisAttempt(ConfigurationOptions options, TimeProvider time)
    {
        (Options, _time) = (options, time);
        _servers = options.EndPoints.Count;
        options.ConnectionAttemptCompleted += (_, ended) => OnEnded(ended);
    }

    public ConfigurationOptions Options { get; }

    /// <summary>Takes the exception that connecting threw.</summary>
    public void Fail(Exception failure)
    {
        lock (_gate)
            _failure = failure;
        // A refused sign-in needs no further reason.
        if (failure.InnerException is RedisServerException)
            _isKnown.TrySetResult();
    }

    /// <summary>The reason of the failure, without a secret.</summary>
    public async Task<string> ReasonAsync()
    {
        await Task.WhenAny(_isKnown.Task, Task.Delay(ReportDelay, _time)).ConfigureAwait(false);
        lock (_gate)
        {
            if (_failure?.InnerException is RedisServerException refused)
                return Clean(refused.Message);
            // Each node of a cluster may have another reason.
            if (_reasons.Count > 0)
                return string.Join("; ", _servers == 1 ? _reasons.Values : _reasons.Select(reason => $"{reason.Key}: {reason.Value}"));
            return _failure is null or TimeoutException or RedisConnectionException { InnerException: null }
                ? "no answer" : Clean((_failure.InnerException ?? _failure).Message);
        }
    }

    /// <summary>A message of Redis without the command that it repeats, which may hold the password.</summary>
    public static string Clean(string message)
    {
        int arguments = message.IndexOf(Arguments, StringComparison.Ordinal);
        message = arguments < 0 ? message : message[..arguments];
        return message.Replace("SimpleError: ", "", StringComparison.Ordinal).Trim().TrimEnd('.');
    }

    private void OnEnded(ConnectionAttemptCompletedEventArgs ended)
    {
        if (ended.IsSuccess || ended.EndPoint is not { } endpoint)
            return;
        lock (_gate)
        {
            // Eight reasons are enough to read. The library goes on trying where other nodes of a cluster are there.
            if (_reasons.Count < 8 || _reasons.ContainsKey(Name(endpoint)))
                _reasons[Name(endpoint)] = Clean(ended.Exception?.Message ?? ended.FailureType.ToString());
            if (_reasons.Count == _servers)
                _isKnown.TrySetResult();
        }
    }

    /// <summary>The name under which a server is shown.</summary>
    public static string Name(EndPoint endpoint) => endpoint is DnsEndPoint named ? $"{named.Host}:{named.Port}" : endpoint.ToString()!;
}
