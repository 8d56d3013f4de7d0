using System.Globalization;
using System.Text;

namespace Gateway.Protocol.Compression;

/// <summary>
/// What a client and the gateway have agreed on about compression (RFC 7692 section 7.1). No context is ever taken over from one message to
/// the next: so a message is deflated once for all its receivers, and a connection holds nothing for it between messages. Immutable.
/// </summary>
/// <param name="ServerMaxWindowBits">
/// The window of what the gateway sends, as confirmed to a client that limits it; null to a client that takes any.
/// </param>
/// <param name="ClientMaxWindowBits">
/// The window of what the client sends, as confirmed to one that has named it: .NET's fails without. Null to any other.
/// </param>
internal readonly record struct DeflateAgreement(int? ServerMaxWindowBits, int? ClientMaxWindowBits)
{
    public const string Name = "permessage-deflate";

    private const int LargestWindow = 15;
    private const int MediumWindow = 12;

    /// <summary>RFC 7692 allows a window of 8 bits too; zlib does not, where the stream has no header to say so.</summary>
    private const int SmallestWindow = 9;

    /// <summary>The window of what the gateway sends to the client, in bits.</summary>
    public int WindowBits => ServerMaxWindowBits ?? LargestWindow;

    /// <summary>The answer's <c>Sec-WebSocket-Extensions</c>.</summary>
    public string Answer
    {
        get
        {
            var answer = new StringBuilder(Name).Append("; server_no_context_takeover; client_no_context_takeover");
            if (ServerMaxWindowBits is { } ours)
                answer.Append(CultureInfo.InvariantCulture, $"; server_max_window_bits={ours}");
            if (ClientMaxWindowBits is { } theirs)
                answer.Append(CultureInfo.InvariantCulture, $"; client_max_window_bits={theirs}");
            return answer.ToString();
        }
    }

    /// <summary>
    /// The window for a client that takes one of so many bits at most. The server may answer with fewer (7.1.2.1), and does, so that there
    /// are three windows and not seven: a message is deflated anew for each that a channel's subscribers have.
    /// </summary>
    /// <returns>Null when there is none so small: the offer is declined.</returns>
    public static int? WindowWithin(int offeredBits) => offeredBits switch
    {
        >= LargestWindow => LargestWindow,
        >= MediumWindow => MediumWindow,
        >= SmallestWindow => SmallestWindow,
        _ => null,
    };
}
