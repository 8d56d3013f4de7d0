using System.Diagnostics;
using Gateway.Protocol.Messages;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Application.Hooks;

/// <summary>
/// Asks the backend over HTTP whether a client may do what it wants. Only that client waits, and holds no thread; without an answer
/// <c>Hooks:FailOpen</c> decides. Not registered when no blocking hook is configured. Safe for any thread.
/// </summary>
internal sealed class HookCalls : IDisposable
{
    /// <summary>Connections to the backend. Its answers take milliseconds, so that this is thousands a second.</summary>
    private const int MaxConnections = 64;

    /// <summary>Room for all that an answer holds beside a message's content.</summary>
    private const int AnswerBytes = 16 * 1024;

    /// <summary>What a byte takes in base64, rounded up.</summary>
    private const double Base64Growth = 1.34;

    private static readonly ProtocolError NoAnswer = new(ErrorCode.Unavailable, "the application does not answer; nothing was done");

    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly HookMetrics _metrics;
    private readonly ILogger _log;
    private readonly HookClient _client;
    private readonly BlockingHook? _connect;
    private readonly BlockingHook? _subscribe;
    private readonly BlockingHook? _publish;

    public HookCalls(GatewayOptions options, TimeProvider time, HookMetrics metrics, ILoggerFactory logs)
    {
        (_options, _time, _metrics, _log) = (options, time, metrics, logs.CreateLogger(HookLog.CallsCategory));
        int answerBytes = AnswerBytes + (int)Math.Min(int.MaxValue - AnswerBytes, Base64Growth * options.Limits.MessageBytes);
        _client = new HookClient(options.Hooks, time, options.Hooks.Timeout, MaxConnections, answerBytes);
        BlockingHook? Configured(HookEvents hook) => options.Hooks.Events.HasFlag(hook) ? new BlockingHook(HookNames.Of(hook), time) : null;
        (_connect, _subscribe, _publish) =
            (Configured(HookEvents.Connect), Configured(HookEvents.Subscribe), Configured(HookEvents.Publish));
    }

    private string Node => _options.Node;

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <param name="caller">The client, with the user that it has signed in as.</param>
    /// <param name="transport">How it is connected.</param>
    public ValueTask<Decision> ConnectAsync(in Caller caller, string transport) =>
        _connect is null ? default : AskAsync(_connect, HookBody.Connect(Node, Now, caller, transport));

    public ValueTask<Decision> SubscribeAsync(in Caller caller, ChannelName channel) =>
        _subscribe is null ? default : AskAsync(_subscribe, HookBody.Subscribe(Node, Now, caller, channel));

    /// <param name="caller">The publisher.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="payload">The message; read before the method returns.</param>
    public ValueTask<Decision> PublishAsync(in Caller caller, ChannelName channel, Payload payload) =>
        _publish is null
            ? default
            : AskAsync(
                _publish, HookBody.Publish(Node, Now, caller, channel, payload), payload.Content.Length, payload.Attachments.Bytes.Length);

    private async ValueTask<Decision> AskAsync(BlockingHook hook, ReadOnlyMemory<byte> body, int content = 0, int attached = 0)
    {
        if (!hook.Circuit.TryEnter())
        {
            _metrics.Called(hook.Name, CallResult.Skipped);
            return WithoutAnswer;
        }
        long start = Stopwatch.GetTimestamp();
        var reply = await _client.AskAsync(body).ConfigureAwait(false);
        _metrics.Waited(Stopwatch.GetElapsedTime(start));
        Note(hook, reply);
        var decision = Decision.Allowed;
        string? problem = reply.Problem
            ?? HookDecisionReader.TryRead(reply.Json, content, attached, _options.Limits.MessageBytes, out decision);
        if (problem is not null)
        {
            _metrics.Called(hook.Name, CallResult.Failed);
            if (hook.MayLog())
                HookLog.NoAnswer(_log, hook.Name, problem, _options.Hooks.FailOpen ? "allowed" : "refused");
            return WithoutAnswer;
        }
        _metrics.Called(hook.Name, ResultOf(decision));
        return decision;
    }

    private static CallResult ResultOf(in Decision decision)
    {
        if (decision.Denial is not null)
            return CallResult.Denied;
        return decision.Replaces ? CallResult.Replaced : CallResult.Allowed;
    }

    private Decision WithoutAnswer => _options.Hooks.FailOpen ? Decision.Allowed : new Decision(NoAnswer);

    private void Note(BlockingHook hook, HookReply reply)
    {
        if (reply.IsDown && hook.Circuit.Fail())
        {
            _metrics.CircuitOpened(hook.Name, 1);
            HookLog.CircuitOpened(_log, hook.Name, CircuitBreaker.Failures, CircuitBreaker.Pause.TotalSeconds);
        }
        else if (!reply.IsDown && hook.Circuit.Succeed())
        {
            _metrics.CircuitOpened(hook.Name, -1);
            HookLog.CircuitClosed(_log, hook.Name);
        }
    }

    public void Dispose() => _client.Dispose();
}
