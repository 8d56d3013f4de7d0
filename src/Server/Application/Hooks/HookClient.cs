using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Gateway.Server.Options;

namespace Gateway.Server.Application.Hooks;

/// <summary>
/// Safe for any thread. Posts to the backend, signed. It trusts no answer: there is a limit to its time and to its size, redirects
/// are not followed and cookies not kept.
/// </summary>
internal sealed class HookClient : IDisposable
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HooksOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    /// <param name="options">Where to, and with which key.</param>
    /// <param name="time">The clock for the signature.</param>
    /// <param name="timeout">For a request and its whole answer.</param>
    /// <param name="connections">At a time; further requests wait for one, within their time.</param>
    /// <param name="answerBytes">More of an answer is not read.</param>
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
            // Before the backend closes it, which might cross with a question; Node's server does so after 5 s.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4),
            // A name may come to stand for another address.
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        };
        _http = new HttpClient(handler) { Timeout = timeout, MaxResponseContentBufferSize = answerBytes };
        string version = typeof(HookClient).Assembly.GetName().Version!.ToString(3);
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Gateway", version));
    }

    /// <summary>Asks, and takes nothing but 200 and JSON for an answer.</summary>
    public async ValueTask<HookReply> AskAsync(ReadOnlyMemory<byte> body)
    {
        using var request = Request(RandomNumberGenerator.GetHexString(32, lowercase: true), body);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, CancellationToken.None);
            if (response.StatusCode != HttpStatusCode.OK)
                return HookReply.Failed(Answered(response), isDown: (int)response.StatusCode >= 500);
            if (!Json.MediaType!.Equals(response.Content.Headers.ContentType?.MediaType, StringComparison.OrdinalIgnoreCase))
                return HookReply.Failed("its answer is not application/json", isDown: false);
            return new HookReply(await response.Content.ReadAsByteArrayAsync());
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

    /// <summary>Delivers, which any status from 200 to 299 says was done.</summary>
    /// <returns>Why it was not, in words that hold nothing secret; null when it was.</returns>
    public async ValueTask<string?> DeliverAsync(string id, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        using var request = Request(id, body);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
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
        // As it is: the format of a header's list of values is not that of this one.
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
