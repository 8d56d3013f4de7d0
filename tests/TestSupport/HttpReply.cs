using System.Globalization;
using System.Text.Json;

namespace Gateway.TestSupport;

/// <summary>One HTTP response as the server sent it.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Headers">In order.</param>
/// <param name="Body">Empty for none.</param>
public sealed record HttpReply(int Status, IReadOnlyList<(string Name, string Value)> Headers, string Body)
{
    public int ContentLength => int.Parse(this["Content-Length"] ?? "0", CultureInfo.InvariantCulture);

    /// <summary>A string field of the JSON object in the body.</summary>
    public string? Json(string name) => JsonDocument.Parse(Body).RootElement.GetProperty(name).GetString();

    /// <summary>A header's values in one list. Null without such a header.</summary>
    public string? this[string header]
    {
        get
        {
            var values = Headers.Where(pair => pair.Name.Equals(header, StringComparison.OrdinalIgnoreCase))
                .Select(pair => pair.Value)
                .ToList();
            return values.Count == 0 ? null : string.Join(", ", values);
        }
    }

    public static HttpReply Parse(string head)
    {
        string[] lines = head.Split("\r\n");
        if (!lines[0].StartsWith("HTTP/1.1 ", StringComparison.Ordinal))
            throw new FormatException($"not an HTTP response: '{head}'");
        var headers = lines[1..].Where(line => line.Length > 0).Select(line => line.Split(": ", 2)).Select(pair => (pair[0], pair[1]));
        return new HttpReply(int.Parse(lines[0].AsSpan(9, 3), CultureInfo.InvariantCulture), [.. headers], "");
    }
}
