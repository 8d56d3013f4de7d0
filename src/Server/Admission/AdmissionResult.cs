using Gateway.Protocol.WebSockets;

namespace Gateway.Server.Admission;

/// <summary>The decision over a handshake: one of the two is set. Immutable.</summary>
/// <param name="Admitted">The handshake may go ahead.</param>
/// <param name="Refusal">The answer to one that may not.</param>
internal readonly record struct AdmissionResult(Admitted? Admitted, HandshakeRefusal? Refusal)
{
    public static implicit operator AdmissionResult(Admitted admitted) => new(admitted, null);

    public static implicit operator AdmissionResult(HandshakeRefusal refusal) => new(null, refusal);
}
