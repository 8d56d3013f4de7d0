using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Gateway.Server.Backplane.Redis.PubSub;

/// <summary>
/// A connection to one Redis server for pub/sub alone. Its one reader hands messages on in Redis's order, and each before it reads more:
/// messages that the gateway does not keep up with wait in the kernel, and then in Redis. Safe for any thread.
/// </summary>
/// <remarks>
/// The client library's own subscriptions either give no order or keep a queue of 3 KB for each channel. With this connection a channel
/// costs its name and a few small objects, and a message nothing. Once it has <see cref="Ended"/>, it is replaced and never mended.
/// Handlers are called without a lock of this type.
/// </remarks>
internal sealed class PubSubConnection : IDisposable
{
    /// <summary>The buffer's size, for what a busy connection reads at once. It grows for a larger message, and shrinks after it.</summary>
    private const int BufferBytes = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Stream _stream;
    private readonly bool _isSharded;
    private readonly Action? _lost;
    private readonly ConcurrentDictionary<byte[], PubSubChannel> _channels = new(ByteArrayComparer.Instance);
    private readonly ConcurrentDictionary<byte[], PubSubChannel>.AlternateLookup<ReadOnlySpan<byte>> _byName;
    private readonly Queue<PubSubCommand> _asked = new();
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The bytes to be written next, and those that are being written.
    private ArrayBufferWriter<byte> _next = new();
    private ArrayBufferWriter<byte> _current = new();
    private bool _isWriting;

    private PubSubConnection(Stream stream, bool isSharded, Action? lost)
    {
        _stream = stream;
        _isSharded = isSharded;
        _lost = lost;
        _byName = _channels.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Completes when the connection has ended, with the reason.</summary>
    public Task<string> Ended => _ended.Task;

    /// <summary>Signs in, where there is a password, and begins to read.</summary>
    /// <param name="stream">The stream to the server, encrypted where TLS is on. It is closed with the connection.</param>
    /// <param name="isSharded">Whether channels belong to slots of a cluster, and so to one of its servers.</param>
    /// <param name="user">The user; null for the default one.</param>
    /// <param name="password">The password; null for none.</param>
    /// <param name="lost">Called before the handlers of subscriptions that end by themselves; null where that does not matter.</param>
    /// <returns>The connection, which has ended where the server refused.</returns>
    public static async Task<PubSubConnection> StartAsync(
        Stream stream, bool isSharded, string? user, string? password, Action? lost = null)
    {
        var connection = new PubSubConnection(stream, isSharded, lost);
        _ = connection.ReadAsync();
        if (string.IsNullOrEmpty(password))
            return connection;
        byte[] secret = Encoding.UTF8.GetBytes(password);
        byte[] auth = "AUTH"u8.ToArray();
        byte[][] command = string.IsNullOrEmpty(user) ? [auth, secret] : [auth, Encoding.UTF8.GetBytes(user), secret];
        string? problem = await connection.AskAsync(new PubSubCommand(PubSubReplyKind.Other, null), command).ConfigureAwait(false);
        // A server without a password answers that it has none, and serves every client.
        if (problem is not null && !problem.Contains("without any password configured", StringComparison.Ordinal))
            connection.End(problem);
        return connection;
    }

    /// <summary>Subscribes: from the answer on, messages come. An earlier subscription to the same channel gets none any more.</summary>
    /// <returns>Null, or the error.</returns>
    public async Task<string?> SubscribeAsync(PubSubChannel channel)
    {
        _channels[channel.Name] = channel;
        byte[] command = _isSharded ? "SSUBSCRIBE"u8.ToArray() : "SUBSCRIBE"u8.ToArray();
        var subscribed = new PubSubCommand(PubSubReplyKind.Subscribed, channel);
        string? problem = await AskAsync(subscribed, command, channel.Name).ConfigureAwait(false);
        if (problem is not null)
            _channels.TryRemove(KeyValuePair.Create(channel.Name, channel));
        return problem;
    }

    /// <summary>
    /// Unsubscribes: no message comes after this. Redis keeps the channel where another subscription has taken this one's place.
    /// </summary>
    public Task UnsubscribeAsync(PubSubChannel channel)
    {
        if (!_channels.TryRemove(KeyValuePair.Create(channel.Name, channel)))
            return Task.CompletedTask;
        byte[] command = _isSharded ? "SUNSUBSCRIBE"u8.ToArray() : "UNSUBSCRIBE"u8.ToArray();
        return AskAsync(new PubSubCommand(PubSubReplyKind.Unsubscribed, channel), command, channel.Name);
    }

    /// <summary>Ends the connection and all its subscriptions.</summary>
    public void End(string reason)
    {
        if (!_ended.TrySetResult(reason))
            return;
        _stream.Dispose();
        List<PubSubCommand> unanswered;
        lock (_gate)
        {
            unanswered = [.. _asked];
            _asked.Clear();
        }
        foreach (var command in unanswered)
        {
            // A subscription that is still waiting ends with its answer.
            if (command.Channel is { } channel)
                _channels.TryRemove(KeyValuePair.Create(channel.Name, channel));
            command.Answer(reason);
        }
        _lost?.Invoke();
        foreach (byte[] name in _channels.Keys)
        {
            if (_channels.TryRemove(name, out var channel))
                channel.End();
        }
    }

    public void Dispose() => End("closed");

    private Task<string?> AskAsync(PubSubCommand command, params ReadOnlySpan<byte[]> parts)
    {
        bool starts;
        lock (_gate)
        {
            if (_ended.Task.IsCompleted)
                return Task.FromResult<string?>("ended");
            _asked.Enqueue(command);
            Write(parts);
            starts = !_isWriting;
            _isWriting = true;
        }
        if (starts)
            _ = WriteAsync();
        return command.Answered;
    }

    private void Write(ReadOnlySpan<byte[]> parts)
    {
        _next.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"*{parts.Length}\r\n")));
        foreach (byte[] part in parts)
        {
            _next.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"${part.Length}\r\n")));
            _next.Write(part);
            _next.Write("\r\n"u8);
        }
    }

    /// <summary>Writes the waiting bytes, and those that gather meanwhile. One runs at a time.</summary>
    private async Task WriteAsync()
    {
        // The caller may hold a lock.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            while (true)
            {
                lock (_gate)
                {
                    if (_next.WrittenCount == 0)
                    {
                        _isWriting = false;
                        return;
                    }
                    (_next, _current) = (_current, _next);
                }
                await _stream.WriteAsync(_current.WrittenMemory).ConfigureAwait(false);
                // A large buffer is not kept: ten thousand channels are subscribed to at once, and then none for days.
                if (_current.Capacity > BufferBytes)
                    _current = new ArrayBufferWriter<byte>();
                else
                    _current.ResetWrittenCount();
            }
        }
        catch (Exception failure)
        {
            End(failure.Message);
        }
    }

    private async Task ReadAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        byte[] buffer = new byte[BufferBytes];
        int length = 0;
        try
        {
            while (true)
            {
                int read = await _stream.ReadAsync(buffer.AsMemory(length)).ConfigureAwait(false);
                if (read == 0)
                {
                    End("closed by Redis");
                    return;
                }
                length += read;
                int used = TakeAll(buffer.AsSpan(0, length));
                length -= used;
                byte[] target = SizeFor(length, buffer.Length) is var size && size == buffer.Length ? buffer : new byte[size];
                buffer.AsSpan(used, length).CopyTo(target);
                buffer = target;
            }
        }
        catch (Exception failure)
        {
            // The socket failed, or Redis sent no RESP. A fault in a handler also ends the connection, so that no message is missed in
            // silence.
            End(failure is IOException or ObjectDisposedException or InvalidDataException ? failure.Message : failure.ToString());
        }
    }

    /// <summary>The size of the next buffer. A full buffer means that a message is larger than it.</summary>
    private static int SizeFor(int length, int size) => length == size ? 2 * size : length < BufferBytes ? BufferBytes : size;

    /// <returns>The number of bytes that were used. The rest is the beginning of a reply.</returns>
    private int TakeAll(ReadOnlySpan<byte> bytes)
    {
        int used = 0;
        while (used < bytes.Length)
        {
            int size = PubSubReply.Read(bytes[used..], out var reply);
            if (size == 0)
                break;
            used += size;
            if (reply.Kind != PubSubReplyKind.Message)
                Take(reply);
            else if (_byName.TryGetValue(reply.Channel, out var channel))
                channel.Receive(reply.Content);
        }
        return used;
    }

    /// <summary>Takes an answer. Answers come in the order of the commands; a server may also end a subscription by itself.</summary>
    private void Take(in PubSubReply reply)
    {
        PubSubCommand? command;
        lock (_gate)
        {
            bool isAnswer = _asked.TryPeek(out command) && (reply.Kind == PubSubReplyKind.Error || command.IsAnsweredBy(reply));
            command = isAnswer ? _asked.Dequeue() : null;
        }
        if (command is not null)
            command.Answer(reply.Kind == PubSubReplyKind.Error ? Encoding.UTF8.GetString(reply.Content) : null);
        else if (reply.Kind == PubSubReplyKind.Unsubscribed && _byName.TryRemove(reply.Channel, out _, out var channel))
        {
            _lost?.Invoke();
            channel.End();
        }
    }
}
