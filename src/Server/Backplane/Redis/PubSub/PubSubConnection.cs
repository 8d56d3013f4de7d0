using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Gateway.Server.Backplane.Redis.PubSub;

/// <summary>
/// Safe for any thread. A connection to one Redis server on which nothing but pub/sub comes. Its one reader hands messages on in the order
/// in which Redis sent them, and before it reads more: what is not kept up with waits in the kernel, and then in Redis.
/// </summary>
/// <remarks>
/// The client library's own subscriptions either give no order or keep a queue of 3 KB for each channel; here a channel costs its name and
/// a few small objects, and a message nothing. Once <see cref="Ended"/>, it is replaced, never mended. Handlers are called without a lock
/// of this.
/// </remarks>
internal sealed class PubSubConnection : IDisposable
{
    /// <summary>Holds what a busy connection reads at once; it grows for a larger message, and shrinks again after it.</summary>
    private const int BufferBytes = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Stream _stream;
    private readonly bool _isSharded;
    private readonly Action? _lost;
    private readonly ConcurrentDictionary<byte[], PubSubChannel> _channels = new(ByteArrayComparer.Instance);
    private readonly ConcurrentDictionary<byte[], PubSubChannel>.AlternateLookup<ReadOnlySpan<byte>> _byName;
    private readonly Queue<PubSubCommand> _asked = new();
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // What is to be written, and what is being written.
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

    /// <summary>Completes when nothing comes any more, with the reason.</summary>
    public Task<string> Ended => _ended.Task;

    /// <summary>Signs in, where there is a password, and begins to read.</summary>
    /// <param name="stream">To the server, secured where it is to be. It is closed with the connection.</param>
    /// <param name="isSharded">Whether channels belong to slots of a cluster, and so to one of its servers.</param>
    /// <param name="user">Null for the default one.</param>
    /// <param name="password">Null for none.</param>
    /// <param name="lost">Called before subscriptions that end by themselves are told so. Null where nobody needs to know.</param>
    /// <returns>The connection, which has ended where the server refused.</returns>
    public static async Task<PubSubConnection> StartAsync(Stream stream, bool isSharded, string? user, string? password, Action? lost = null)
    {
        var connection = new PubSubConnection(stream, isSharded, lost);
        _ = connection.ReadAsync();
        if (string.IsNullOrEmpty(password))
            return connection;
        byte[] secret = Encoding.UTF8.GetBytes(password);
        byte[][] command = string.IsNullOrEmpty(user) ? ["AUTH"u8.ToArray(), secret] : ["AUTH"u8.ToArray(), Encoding.UTF8.GetBytes(user), secret];
        string? problem = await connection.AskAsync(new PubSubCommand(PubSubReplyKind.Other, null), command).ConfigureAwait(false);
        // A server that asks for no password says so, and lets everybody in.
        if (problem is not null && !problem.Contains("without any password configured", StringComparison.Ordinal))
            connection.End(problem);
        return connection;
    }

    /// <summary>From the answer on, messages come. A subscription to the same channel that was there before gets none any more.</summary>
    /// <returns>Null, or why not.</returns>
    public async Task<string?> SubscribeAsync(PubSubChannel channel)
    {
        _channels[channel.Name] = channel;
        byte[] command = _isSharded ? "SSUBSCRIBE"u8.ToArray() : "SUBSCRIBE"u8.ToArray();
        string? problem = await AskAsync(new PubSubCommand(PubSubReplyKind.Subscribed, channel), command, channel.Name).ConfigureAwait(false);
        if (problem is not null)
            _channels.TryRemove(KeyValuePair.Create(channel.Name, channel));
        return problem;
    }

    /// <summary>Nothing comes after this; Redis is told, unless another subscription has taken this one's place.</summary>
    public Task UnsubscribeAsync(PubSubChannel channel)
    {
        if (!_channels.TryRemove(KeyValuePair.Create(channel.Name, channel)))
            return Task.CompletedTask;
        byte[] command = _isSharded ? "SUNSUBSCRIBE"u8.ToArray() : "UNSUBSCRIBE"u8.ToArray();
        return AskAsync(new PubSubCommand(PubSubReplyKind.Unsubscribed, channel), command, channel.Name);
    }

    /// <summary>Ends it, and tells all who are subscribed.</summary>
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
            // Who has just asked for a channel is told by the answer.
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

    /// <summary>Sends what there is, and what gathers meanwhile. One at a time.</summary>
    private async Task WriteAsync()
    {
        // Whoever asks may hold a lock.
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
                // Not kept for good: ten thousand channels are asked for at once, and then none for days.
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
            // The socket's, or what was sent is no RESP; a fault of a handler's own ends it too, lest a message is missed unheard.
            End(failure is IOException or ObjectDisposedException or InvalidDataException ? failure.Message : failure.ToString());
        }
    }

    /// <summary>Full means that a message is larger than the buffer.</summary>
    private static int SizeFor(int length, int size) => length == size ? 2 * size : length < BufferBytes ? BufferBytes : size;

    /// <returns>How many bytes were taken; what is left is the beginning of a reply.</returns>
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

    /// <summary>Answers come in the order of what was asked; a server may also end a subscription by itself.</summary>
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
