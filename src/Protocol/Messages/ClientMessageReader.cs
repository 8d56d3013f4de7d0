using System.Text.Unicode;

namespace Gateway.Protocol.Messages;

/// <summary>Reads the messages of clients. Stateless, so any thread may call it.</summary>
/// <remarks>
/// The payload is that of a WebSocket text message, so its bytes are known to be UTF-8; those of a binary message are checked. Reading
/// allocates only for strings with escapes and for errors, and never more than the payload's own size.
/// </remarks>
internal static class ClientMessageReader
{
    /// <summary>
    /// The most messages of one page. A greater <c>limit</c> is lowered to this, so that one request cannot make the server build an
    /// endless reply.
    /// </summary>
    public const int MaxHistoryLimit = 1000;

    /// <summary>The longest idempotency key: room for any UUID or hash. The server keeps keys for minutes.</summary>
    public const int MaxKeyBytes = 255;

    private enum Form
    {
        Text,
        Binary,
        Request,
    }

    /// <summary>Reads a text message.</summary>
    /// <returns>
    /// False if the message is wrong. <paramref name="error"/> then says why, and <paramref name="message"/> has only its id, if the
    /// payload was JSON and had a valid id anywhere.
    /// </returns>
    public static bool TryRead(ReadOnlySpan<byte> payload, out ClientMessage message, out ProtocolError error)
    {
        message = default;
        return ClientFields.TryCollect(payload, out var fields, out string? problem)
            ? TryRead(fields, Form.Text, ref message, out error)
            : Fail(problem, out error);
    }

    /// <summary>Reads the body of a request, which can only be a <c>message</c>, and so may leave out its <c>type</c>.</summary>
    /// <inheritdoc cref="TryRead(ReadOnlySpan{byte}, out ClientMessage, out ProtocolError)" path="/returns"/>
    public static bool TryReadPublish(ReadOnlySpan<byte> payload, out ClientMessage message, out ProtocolError error)
    {
        message = default;
        if (!ClientFields.TryCollect(payload, out var fields, out string? problem))
            return Fail(problem, out error);
        if (fields.Type.IsEmpty)
            fields.Type = "\"message\""u8;
        if (!TryRead(fields, Form.Request, ref message, out error))
            return false;
        if (message.Type == ClientMessageType.Message)
            return true;
        message = new ClientMessage { Id = message.Id };
        return Fail("The field 'type' must be 'message', or left out.", out error);
    }

    /// <summary>Reads a binary message.</summary>
    /// <param name="payload">The payload, of which nothing is known.</param>
    /// <param name="message">The message.</param>
    /// <param name="error">What is wrong with the header's fields.</param>
    /// <param name="violation">
    /// How the payload breaks the layout, which ends the connection; short enough for a close frame. Null where it does not.
    /// </param>
    /// <inheritdoc cref="TryRead(ReadOnlySpan{byte}, out ClientMessage, out ProtocolError)" path="/returns"/>
    public static bool TryReadBinary(
        ReadOnlySpan<byte> payload, out ClientMessage message, out ProtocolError error, out string? violation)
    {
        message = default;
        error = default;
        if (!BinaryMessage.TrySplit(payload, out var header, out var bytes, out string problem))
            violation = problem;
        else if (!Utf8.IsValid(header))
            violation = "the header of the binary message is not UTF-8";
        else if (!ClientFields.TryCollect(header, out var fields, out _))
            violation = "the header of the binary message is not one JSON object";
        else if (!AttachmentLengths.TryCheck(fields.Attachments, bytes.Length, out problem))
            violation = problem;
        else
        {
            message.AttachedBytes = bytes;
            bool isRead = TryRead(fields, Form.Binary, ref message, out error);
            violation = isRead && message.Type is not (ClientMessageType.Message or ClientMessageType.Unknown)
                ? "of all types, only 'message' has attachments"
                : null;
            return isRead && violation is null;
        }
        return false;
    }

    private static bool TryRead(in ClientFields fields, Form form, ref ClientMessage message, out ProtocolError error)
    {
        if (JsonValue.IsString(fields.Id) || JsonValue.IsNumber(fields.Id))
            message.Id = fields.Id;
        if (CheckFields(fields, form, ref message) is not { } problem)
        {
            error = default;
            return true;
        }
        message = new ClientMessage { Id = message.Id };
        return Fail(problem, out error);
    }

    private static bool Fail(string? problem, out ProtocolError error)
    {
        error = new ProtocolError(ErrorCode.BadRequest, problem!);
        return false;
    }

    /// <summary>Fills in the fields that the type uses, and ignores the others.</summary>
    /// <returns>The first problem. Null for none.</returns>
    private static string? CheckFields(in ClientFields fields, Form form, ref ClientMessage message)
    {
        if (!fields.Id.IsEmpty && message.Id.IsEmpty)
            return "The field 'id' must be a string or a number.";
        if (!JsonValue.TryReadString(fields.Type, out var type))
            return "The field 'type' must be a string.";
        message.Type = TypeOf(type);
        message.Echo = true;
        return message.Type switch
        {
            ClientMessageType.Auth or ClientMessageType.Refresh => ReadToken(fields.Token, ref message),
            ClientMessageType.Subscribe => ReadChannel(fields.Channel, ref message)
                ?? (fields.Token.IsEmpty ? null : ReadToken(fields.Token, ref message))
                ?? ReadRecover(fields.Recover, ref message),
            ClientMessageType.Unsubscribe or ClientMessageType.Presence => ReadChannel(fields.Channel, ref message),
            ClientMessageType.Message => ReadChannel(fields.Channel, ref message)
                ?? ReadAttachments(fields.Attachments, form, ref message)
                ?? ReadContent(fields.Content, ref message)
                ?? ReadEcho(fields.Echo, ref message)
                ?? ReadKey(fields.Key, ref message),
            ClientMessageType.History => ReadChannel(fields.Channel, ref message)
                ?? ReadLimit(fields.Limit, ref message)
                ?? ReadRange(fields.Before, fields.After, ref message),
            _ => null,
        };
    }

    private static ClientMessageType TypeOf(ReadOnlySpan<byte> type)
    {
        if (type.SequenceEqual(MessageType.Message))
            return ClientMessageType.Message;
        if (type.SequenceEqual(MessageType.Ping))
            return ClientMessageType.Ping;
        if (type.SequenceEqual(MessageType.Subscribe))
            return ClientMessageType.Subscribe;
        if (type.SequenceEqual(MessageType.Unsubscribe))
            return ClientMessageType.Unsubscribe;
        if (type.SequenceEqual(MessageType.Presence))
            return ClientMessageType.Presence;
        if (type.SequenceEqual(MessageType.History))
            return ClientMessageType.History;
        if (type.SequenceEqual(MessageType.Refresh))
            return ClientMessageType.Refresh;
        if (type.SequenceEqual(MessageType.Auth))
            return ClientMessageType.Auth;
        return ClientMessageType.Unknown;
    }

    private static string? ReadChannel(ReadOnlySpan<byte> value, ref ClientMessage message)
    {
        bool legal = JsonValue.TryReadString(value, out var channel) && !channel.IsEmpty;
        message.Channel = channel;
        return legal ? null : "The field 'channel' must be a non-empty string of valid Unicode.";
    }

    private static string? ReadToken(ReadOnlySpan<byte> value, ref ClientMessage message)
    {
        bool legal = JsonValue.TryReadString(value, out var token) && !token.IsEmpty;
        message.Token = token;
        return legal ? null : "The field 'token' must be a non-empty string of valid Unicode.";
    }

    private static string? ReadAttachments(ReadOnlySpan<byte> value, Form form, ref ClientMessage message)
    {
        if (!AttachmentTexts.AreThere(value))
            return null;
        message.Attachments = value;
        return form == Form.Text ? "A message with 'attachments' must be a binary message." : null;
    }

    private static string? ReadContent(ReadOnlySpan<byte> value, ref ClientMessage message)
    {
        message.Content = value;
        return value.IsEmpty && message.Attachments.IsEmpty
            ? "The field 'content' must be given unless there are attachments; it may be any JSON value."
            : null;
    }

    private static string? ReadEcho(ReadOnlySpan<byte> value, ref ClientMessage message)
    {
        if (value.IsEmpty)
            return null;
        bool legal = JsonValue.TryReadBoolean(value, out bool echo);
        message.Echo = echo;
        return legal ? null : "The field 'echo' must be true or false.";
    }

    private static string? ReadKey(ReadOnlySpan<byte> value, ref ClientMessage message)
    {
        if (value.IsEmpty)
            return null;
        bool legal = JsonValue.TryReadString(value, out var key) && key.Length is > 0 and <= MaxKeyBytes;
        message.Key = key;
        return legal ? null : $"The field 'key' must be a string of 1 to {MaxKeyBytes} bytes of valid Unicode.";
    }

    private static string? ReadRecover(ReadOnlySpan<byte> value, ref ClientMessage message)
    {
        if (value.IsEmpty)
            return null;
        var scanner = new JsonObjectScanner(value);
        if (!scanner.TryEnter())
            return "The field 'recover' must be an object.";
        ReadOnlySpan<byte> epoch = default, seq = default;
        while (scanner.MoveNext())
        {
            if (scanner.NameIs("epoch"u8))
                epoch = scanner.ReadValue();
            else if (scanner.NameIs("seq"u8))
                seq = scanner.ReadValue();
            else
                scanner.ReadValue();
        }
        if (!JsonValue.TryReadString(epoch, out var epochText))
            return "The field 'recover.epoch' must be a string of valid Unicode.";
        if (!JsonValue.TryReadInteger(seq, out long position) || position < 0)
            return "The field 'recover.seq' must be an integer of at least 0.";
        message.HasRecover = true;
        message.RecoverEpoch = epochText;
        message.RecoverSeq = position;
        return null;
    }

    private static string? ReadLimit(ReadOnlySpan<byte> value, ref ClientMessage message)
    {
        if (value.IsEmpty)
            return null;
        if (!JsonValue.TryReadInteger(value, out long limit) || limit < 1)
            return "The field 'limit' must be an integer of at least 1.";
        message.Limit = (int)Math.Min(limit, MaxHistoryLimit);
        return null;
    }

    private static string? ReadRange(ReadOnlySpan<byte> before, ReadOnlySpan<byte> after, ref ClientMessage message)
    {
        if (!before.IsEmpty && !after.IsEmpty)
            return "The fields 'before' and 'after' exclude each other.";
        if (!before.IsEmpty)
        {
            if (!JsonValue.TryReadInteger(before, out long seq) || seq < 0)
                return "The field 'before' must be an integer of at least 0.";
            message.Before = seq;
        }
        if (!after.IsEmpty)
        {
            if (!JsonValue.TryReadInteger(after, out long seq) || seq < 0)
                return "The field 'after' must be an integer of at least 0.";
            message.After = seq;
        }
        return null;
    }
}
