using Gateway.Server.Clock;
using Gateway.Server.Options;

namespace Gateway.Server.Auth;

/// <summary>
/// The public keys of <c>Auth:Jwks</c>: read at start, again from time to time by the one clock, and when a token names a key that is not
/// among them. Safe for any thread. What cannot be read leaves the keys as they are.
/// </summary>
internal sealed partial class KeySet : ITickHandler, IDisposable
{
    /// <summary>A file costs nothing to read, and whoever replaces it waits for the effect.</summary>
    private const long FileMilliseconds = 5_000;

    /// <summary>How long a key that was taken back is believed, at most. Identity providers let their keys be kept for hours.</summary>
    private const long UrlMilliseconds = 5 * 60_000;

    /// <summary>After a URL could not be read.</summary>
    private const long RetryMilliseconds = 10_000;

    /// <summary>Whoever invents key ids can make the keys be asked for this often.</summary>
    private const long DemandMilliseconds = 60_000;

    /// <summary>Far more than the keys of any provider take.</summary>
    private const int MaxBytes = 1 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly AuthOptions _options;
    private readonly GatewayClock _clock;
    private readonly ILogger<KeySet> _log;
    private readonly HttpClient? _http;
    private volatile IReadOnlyList<VerificationKey> _keys = [];
    private string? _text;
    private string? _problem;
    private Task _reading = Task.CompletedTask;
    private long _nextRead;
    private long _nextDemand;

    public KeySet(GatewayOptions options, GatewayClock clock, ILogger<KeySet> log)
    {
        _options = options.Auth;
        _clock = clock;
        _log = log;
        if (_options.JwksUrl is not null)
            _http = new HttpClient { Timeout = Patience, MaxResponseContentBufferSize = MaxBytes };
    }

    /// <summary>Whether keys are configured but were never read: no token can be judged then.</summary>
    public bool IsMissing => _options.Jwks is not null && _keys.Count == 0;

    /// <summary>The keys that may have signed a token.</summary>
    /// <param name="algorithm">Its <c>alg</c>.</param>
    /// <param name="id">Its <c>kid</c>; empty for none, then any key of the kind will do, as a key without one does for any token.</param>
    public IEnumerable<VerificationKey> Find(string algorithm, string? id) =>
        _keys.Where(key => key.Algorithms.Contains(algorithm) && (string.IsNullOrEmpty(id) || key.Id is null || key.Id == id));

    /// <summary>Reads the keys, or waits for who is reading them.</summary>
    public Task ReadAsync()
    {
        if (_options.Jwks is null)
            return Task.CompletedTask;
        lock (_gate)
        {
            if (_reading.IsCompleted)
            {
                Volatile.Write(ref _nextRead, long.MaxValue);
                _reading = Task.Run(ReadNowAsync);
            }
            return _reading;
        }
    }

    /// <summary>Reads the keys because a token named one that is not known, unless that was done within the last minute.</summary>
    public Task ReadOnDemandAsync()
    {
        lock (_gate)
        {
            if (!_reading.IsCompleted || _clock.Now < _nextDemand)
                return _reading;
            _nextDemand = _clock.Now + DemandMilliseconds;
            return ReadAsync();
        }
    }

    void ITickHandler.OnTick(long now)
    {
        if (now >= Volatile.Read(ref _nextRead))
            _ = ReadAsync();
    }

    private async Task ReadNowAsync()
    {
        string? problem;
        try
        {
            string text = _http is null
                ? await File.ReadAllTextAsync(_options.Jwks!).ConfigureAwait(false)
                : await _http.GetStringAsync(_options.JwksUrl).ConfigureAwait(false);
            problem = Take(text);
        }
        catch (Exception failure)
        {
            // A file system or a network has many ways to fail; the next reading may do.
            problem = $"could not be read ({failure.GetType().Name})";
        }
        if (problem is not null && problem != _problem)
            LogProblem(problem);
        _problem = problem;
        long wait = _http is null ? FileMilliseconds : problem is null ? UrlMilliseconds : RetryMilliseconds;
        Volatile.Write(ref _nextRead, _clock.Now + wait);
    }

    private string? Take(string text)
    {
        if (text == _text)
            return null;
        if (!VerificationKey.TryReadAll(text, out var keys, out string problem))
            return problem;
        _keys = keys;
        _text = text;
        LogRead(keys.Count);
        return null;
    }

    public void Dispose() => _http?.Dispose();

    // The address may hold a password, so it is not named; the setting is.
    [LoggerMessage(40, LogLevel.Warning, "Gateway:Auth:Jwks {Problem}; the keys stay as they were.")]
    private partial void LogProblem(string problem);

    [LoggerMessage(41, LogLevel.Information, "Read {Count} keys from Gateway:Auth:Jwks.")]
    private partial void LogRead(int count);
}
