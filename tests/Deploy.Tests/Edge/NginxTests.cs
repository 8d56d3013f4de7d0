namespace Gateway.Deploy.Tests.Edge;

/// <summary>Debian's nginx with <c>deploy/nginx/nginx.conf</c>.</summary>
public sealed class NginxTests() : EdgeTests(plan => new NginxProxy(plan));
