using System.Net;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>One attempt to connect to a Redis server, or to a cluster, and why it failed. Safe for any thread.</summary>
internal sealed class RedisAttempt
{
    /// <summary>The library tells of the end of an attempt on another thread, which may come after the attempt's own.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromMilliseconds(100);

    /// <summary>What a server or a proxy in front of it answers to a command that it does not have, with the password where that is AUTH.</summary>
    private const string Arguments = ", with args beginning with";

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, string> _reasons = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _isKnown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _servers;
    private Exception? _failure;

    /// <param name="options">Belongs to the attempt from now on.</param>
    public RedisAttempt(ConfigurationOptions options)
    {
        Options = options;
        _servers = options.EndPoints.Count;
        options.ConnectionAttemptCompleted += (_, ended) => OnEnded(ended);
    }

    public ConfigurationOptions Options { get; }

    /// <summary>Takes what connecting threw.</summary>
    public void Fail(Exception failure)
    {
        lock (_gate)
            _failure = failure;
        // How signing in failed is known by now.
        if (failure.InnerException is RedisServerException)
            _isKnown.TrySetResult();
    }

    /// <summary>Why no connection came of it, without a secret.</summary>
    public async Task<string> ReasonAsync()
    {
        await Task.WhenAny(_isKnown.Task, Task.Delay(Late)).ConfigureAwait(false);
        lock (_gate)
        {
            if (_failure?.InnerException is RedisServerException refused)
                return Clean(refused.Message);
            // Of a cluster, each node may have another one.
            if (_reasons.Count > 0)
                return string.Join("; ", _servers == 1 ? _reasons.Values : _reasons.Select(reason => $"{reason.Key}: {reason.Value}"));
            return _failure is null or TimeoutException or RedisConnectionException { InnerException: null }
                ? "no answer" : Clean((_failure.InnerException ?? _failure).Message);
        }
    }

    /// <summary>Without what Redis repeats of a command, which may be that with the password.</summary>
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
            // More than can be read says no more; the library goes on trying where others of a cluster are there.
            if (_reasons.Count < 8 || _reasons.ContainsKey(Name(endpoint)))
                _reasons[Name(endpoint)] = Clean(ended.Exception?.Message ?? ended.FailureType.ToString());
            if (_reasons.Count == _servers)
                _isKnown.TrySetResult();
        }
    }

    /// <summary>As a server is shown.</summary>
    public static string Name(EndPoint endpoint) => endpoint is DnsEndPoint named ? $"{named.Host}:{named.Port}" : endpoint.ToString()!;
}
