namespace Gateway.Protocol.Compression;

/// <summary>
/// One offer of permessage-deflate, its parameters added one by one and held against RFC 7692 section 7.1. A local of one call.
/// </summary>
internal ref struct DeflateOffer
{
    private const int LeastBits = 8;
    private const int MostBits = 15;

    private Parameters _seen;
    private int? _serverBits;
    private int? _clientBits;
    private bool _isDeclined;

    [Flags]
    private enum Parameters : byte
    {
        None = 0,
        ServerNoContextTakeover = 1,
        ClientNoContextTakeover = 2,
        ServerMaxWindowBits = 4,
        ClientMaxWindowBits = 8,
    }

    /// <param name="name">The parameter's name.</param>
    /// <param name="value">Its value, without quotes.</param>
    /// <param name="hasValue">Whether it has one.</param>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool hasValue)
    {
        var parameter = NameOf(name);
        // "The parameter is unknown", "the same parameter more than once": both decline the offer.
        _isDeclined |= parameter == Parameters.None || (_seen & parameter) != 0;
        _seen |= parameter;
        switch (parameter)
        {
            case Parameters.ServerNoContextTakeover or Parameters.ClientNoContextTakeover:
                _isDeclined |= hasValue;
                break;
            case Parameters.ServerMaxWindowBits:
                _isDeclined |= !TryReadBits(value, out int ours) || DeflateAgreement.WindowWithin(ours) is null;
                _serverBits = DeflateAgreement.WindowWithin(ours);
                break;
            case Parameters.ClientMaxWindowBits:
                // Without a value it says that the client can be limited. No limit is asked for: an inflater takes any window.
                _isDeclined |= !TryReadBits(value, out int theirs) && hasValue;
                _clientBits = hasValue ? theirs : null;
                break;
        }
    }

    /// <returns>False when the offer has to be declined.</returns>
    public readonly bool TryAccept(out DeflateAgreement agreement)
    {
        agreement = new DeflateAgreement(_serverBits, _clientBits);
        return !_isDeclined;
    }

    private static Parameters NameOf(ReadOnlySpan<byte> name) => name switch
    {
        _ when name.SequenceEqual("server_no_context_takeover"u8) => Parameters.ServerNoContextTakeover,
        _ when name.SequenceEqual("client_no_context_takeover"u8) => Parameters.ClientNoContextTakeover,
        _ when name.SequenceEqual("server_max_window_bits"u8) => Parameters.ServerMaxWindowBits,
        _ when name.SequenceEqual("client_max_window_bits"u8) => Parameters.ClientMaxWindowBits,
        _ => Parameters.None,
    };

    /// <summary>Reads "a decimal integer value without leading zeroes between 8 to 15, inclusive".</summary>
    private static bool TryReadBits(ReadOnlySpan<byte> value, out int bits)
    {
        bits = value switch
        {
            [>= (byte)'8' and <= (byte)'9' and var digit] => digit - '0',
            [(byte)'1', >= (byte)'0' and <= (byte)'5' and var digit] => 10 + digit - '0',
            _ => 0,
        };
        return bits is >= LeastBits and <= MostBits;
    }
}
