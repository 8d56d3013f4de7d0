using System.Globalization;
using System.Text;

namespace Gateway.TestSupport;

/// <summary>Reads an event stream to the letter of https://html.spec.whatwg.org, "Interpreting an event stream". For one thread.</summary>
public sealed class EventStreamParser
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<byte> _line = [];
    private readonly StringBuilder _data = new();
    private string _type = "";
    private string _idBuffer = "";
    private bool _skipNewline;

    /// <summary>Milliseconds after which a browser would come back; null until the stream says so.</summary>
    public int? Retry { get; private set; }

    public int Comments { get; private set; }

    public string LastEventId { get; private set; } = "";

    /// <summary>Takes a byte; returns an event when it completes one.</summary>
    public StreamEvent? Add(byte next)
    {
        if (_skipNewline && next == '\n')
        {
            _skipNewline = false;
            return null;
        }
        _skipNewline = next == '\r';
        if (next is not ((byte)'\r' or (byte)'\n'))
        {
            _line.Add(next);
            return null;
        }
        string line = Strict.GetString([.. _line]);
        _line.Clear();
        return Process(line);
    }

    private StreamEvent? Process(string line)
    {
        if (line.Length == 0)
            return Dispatch();
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon == 0)
        {
            Comments++;
            return null;
        }
        string field = colon < 0 ? line : line[..colon];
        string value = colon < 0 ? "" : line[(colon + 1)..];
        if (value.StartsWith(' '))
            value = value[1..];
        switch (field)
        {
            case "event":
                _type = value;
                break;
            case "data":
                _data.Append(value).Append('\n');
                break;
            case "id" when !value.Contains('\0'):
                _idBuffer = value;
                break;
            case "retry" when value.All(char.IsAsciiDigit):
                Retry = int.Parse(value, CultureInfo.InvariantCulture);
                break;
        }
        return null;
    }

    private StreamEvent? Dispatch()
    {
        LastEventId = _idBuffer;
        var (data, type) = (_data.ToString(), _type);
        _data.Clear();
        _type = "";
        return data.Length == 0 ? null : new StreamEvent(type.Length == 0 ? "message" : type, data[..^1], LastEventId);
    }
}
