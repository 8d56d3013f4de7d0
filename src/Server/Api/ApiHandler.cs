using System.Buffers;
using System.IO.Pipelines;
using Gateway.Server.Metrics;
using Gateway.Server.Options;
using Microsoft.Net.Http.Headers;

namespace Gateway.Server.Api;

/// <summary>
/// The way of every API request: who it is, its body, the operation, the answer. Safe for any thread. Bodies are read as bytes and handed
/// on as they are, without model binding, so that a publish costs little more than its HTTP.
/// </summary>
internal sealed partial class ApiHandler(ApiAccess access, GatewayOptions options, GatewayMetrics metrics, ILogger<ApiHandler> log)
{
    /// <summary>The content type of a body that is an attachment.</summary>
    public const string Bytes = "application/octet-stream";

    private readonly int _limit = options.Api.BodyBytes;

    /// <summary>A request with a body.</summary>
    /// <param name="name">The operation's name.</param>
    /// <param name="operation">The operation.</param>
    /// <param name="takesBytes">Whether the body may also be one attachment as it is, with the other fields in the query.</param>
    public RequestDelegate Command(string name, ApiOperation operation, bool takesBytes = false) =>
        context => HandleAsync(context, name, async request =>
        {
            using var activity = Tracing.StartRequest(name, request);
            return await ReadAsync(request, operation, takesBytes && IsBytes(request) ? request.Query : null).ConfigureAwait(false);
        });

    /// <summary>A request without.</summary>
    public RequestDelegate Query(string name, Func<HttpRequest, ValueTask<ApiReply>> query) => context => HandleAsync(context, name, query);

    private async Task HandleAsync(HttpContext context, string name, Func<HttpRequest, ValueTask<ApiReply>> handle)
    {
        ApiReply reply;
        try
        {
            reply = access.Refuse(context) ?? await handle(context.Request).ConfigureAwait(false);
        }
        catch (BadHttpRequestException refused)
        {
            reply = refused.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? ApiProblem.BodyTooLarge(_limit)
                : ApiProblem.Of(refused.StatusCode, refused.Message);
        }
        catch (Exception failure) when (failure is not (IOException or OperationCanceledException))
        {
            LogFailure(log, failure, name);
            reply = ApiProblem.Internal;
        }
        metrics.ApiRequest(name, reply.Status);
        await WriteAsync(context.Response, reply).ConfigureAwait(false);
    }

    private async ValueTask<ApiReply> ReadAsync(HttpRequest request, ApiOperation operation, IQueryCollection? upload)
    {
        if (request.ContentLength > _limit)
            return ApiProblem.BodyTooLarge(_limit);
        var body = request.BodyReader;
        var read = await body.ReadAsync().ConfigureAwait(false);
        // What came in one piece, as nearly all do, is read where it is.
        if (read.Buffer.IsSingleSegment && (read.IsCompleted || read.Buffer.Length == request.ContentLength))
        {
            var running = Run(read.Buffer.FirstSpan, operation, upload);
            body.AdvanceTo(read.Buffer.End);
            return await running.ConfigureAwait(false);
        }
        return await GatherAsync(body, read, operation, upload).ConfigureAwait(false);
    }

    private async ValueTask<ApiReply> GatherAsync(PipeReader body, ReadResult read, ApiOperation operation, IQueryCollection? upload)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(16 * 1024);
        int length = 0;
        try
        {
            while (true)
            {
                int more = (int)Math.Min(read.Buffer.Length, int.MaxValue);
                if (length + more > _limit)
                    return ApiProblem.BodyTooLarge(_limit);
                if (length + more > bytes.Length)
                    Grow(ref bytes, length, length + more);
                read.Buffer.CopyTo(bytes.AsSpan(length));
                length += more;
                body.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    break;
                read = await body.ReadAsync().ConfigureAwait(false);
            }
            return await Run(bytes.AsSpan(0, length), operation, upload).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static void Grow(ref byte[] bytes, int used, int needed)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(2 * bytes.Length, needed));
        bytes.AsSpan(0, used).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(bytes);
        bytes = larger;
    }

    /// <param name="body">The body.</param>
    /// <param name="operation">The operation.</param>
    /// <param name="upload">The query of a request whose body is an attachment; null for JSON.</param>
    private static ValueTask<ApiReply> Run(ReadOnlySpan<byte> body, ApiOperation operation, IQueryCollection? upload)
    {
        if (upload is not null)
            return operation(ApiFields.OfUpload(upload, body));
        return ApiFields.TryRead(body, out var fields, out var problem) ? operation(fields) : new(problem);
    }

    private static bool IsBytes(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && type.MediaType.Equals(Bytes, StringComparison.OrdinalIgnoreCase);

    private static async Task WriteAsync(HttpResponse response, ApiReply reply)
    {
        response.StatusCode = reply.Status;
        response.ContentType = reply.IsProblem ? ApiProblem.ContentType : "application/json";
        response.ContentLength = reply.Json.Length;
        if (reply.Status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Bearer";
        await response.BodyWriter.WriteAsync(reply.Json).ConfigureAwait(false);
    }

    [LoggerMessage(50, LogLevel.Error, "The API request '{Name}' failed.")]
    private static partial void LogFailure(ILogger log, Exception failure, string name);
}
