using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Gateway.Server.Options;

namespace Gateway.Server.Application.Hooks;

/// <summary>
/// Posts signed requests to the backend. It trusts no answer: an answer's time and size are limited, redirects are not followed and cookies
/// not kept. Safe for any thread.
/// </summary>
internal sealed class HookClient : IDisposable
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HooksOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    /// <param name="options">The backend's URL and the key.</param>
    /// <param name="time">The clock for the signature.</param>
    /// <param name="timeout">The time for a request and its whole answer.</param>
    /// <param name="connections">Connections at a time; further requests wait for one, within their time.</param>
    /// <param name="answerBytes">Bytes of an answer that are read at most.</param>
    public HookClient(HooksOptions options, TimeProvider time, TimeSpan timeout, int connections, int answerBytes)
    {
        _options = options;
        _time = time;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            MaxConnectionsPerServer = connections,
            MaxResponseDrainSize = answerBytes,
            // Shorter than the backend's own timeout, or its close could cross with a request; Node's server closes after 5 s.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4),
            // The backend's name may come to stand for another address.
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        };
        _http = new HttpClient(handler) { Timeout = timeout, MaxResponseContentBufferSize = answerBytes };
        string version = typeof(HookClient).Assembly.GetName().Version!.ToString(3);
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Gateway", version));
    }

    /// <summary>Asks. Only status 200 with JSON is an answer.</summary>
    public async ValueTask<HookReply> AskAsync(ReadOnlyMemory<byte> body)
    {
        using var request = Request(RandomNumberGenerator.GetHexString(32, lowercase: true), body);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, CancellationToken.None)
                .ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK)
                return HookReply.Failed(Answered(response), isDown: (int)response.StatusCode >= 500);
            if (!Json.MediaType!.Equals(response.Content.Headers.ContentType?.MediaType, StringComparison.OrdinalIgnoreCase))
                return HookReply.Failed("its answer is not application/json", isDown: false);
            return new HookReply(await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false));
        }
        catch (HttpRequestException failure) when (failure.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            return HookReply.Failed("its answer is too large", isDown: false);
        }
        catch (Exception failure)
        {
            return HookReply.Failed(Describe(failure), isDown: true);
        }
    }

    /// <summary>Delivers events. Any status from 200 to 299 says that the backend has taken them.</summary>
    /// <returns>Why it has not, in words that hold nothing secret; null when it has.</returns>
    public async ValueTask<string?> DeliverAsync(string id, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        using var request = Request(id, body);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation)
                .ConfigureAwait(false);
            return response.IsSuccessStatusCode ? null : Answered(response);
        }
        catch (Exception failure)
        {
            return Describe(failure);
        }
    }

    private HttpRequestMessage Request(string id, ReadOnlyMemory<byte> body)
    {
        long timestamp = _time.GetUtcNow().ToUnixTimeSeconds();
        var request = new HttpRequestMessage(HttpMethod.Post, _options.Url) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = Json;
        request.Headers.Add(HookSignature.IdHeader, id);
        request.Headers.Add(HookSignature.TimestampHeader, timestamp.ToString(CultureInfo.InvariantCulture));
        // Not validated: the signature's format is not that of a header's list of values.
        request.Headers.TryAddWithoutValidation(HookSignature.SignatureHeader, HookSignature.Of(_options.Key, id, timestamp, body.Span));
        return request;
    }

    private static string Answered(HttpResponseMessage response) =>
        string.Create(CultureInfo.InvariantCulture, $"it answered {(int)response.StatusCode}");

    private static string Describe(Exception failure) => failure switch
    {
        OperationCanceledException => "it did not answer in time",
        HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } http => $"it could not be asked ({http.HttpRequestError})",
        _ => $"it could not be asked ({failure.GetType().Name})",
    };

    public void Dispose() => _http.Dispose();
}
