using Gateway.TestSupport;

namespace Gateway.Deploy.Tests.Edge;

/// <summary>The gateways, the certificate and the timeout of a proxy. Immutable.</summary>
/// <param name="Nodes">The gateways' public ports.</param>
/// <param name="Certificate">The one to show where TLS ends at the proxy.</param>
/// <param name="Idle">Its idle timeouts, as both proxies write it: <c>1m</c> as in the files.</param>
internal sealed record EdgePlan(int[] Nodes, TestCertificate Certificate, string Idle = "1m");
