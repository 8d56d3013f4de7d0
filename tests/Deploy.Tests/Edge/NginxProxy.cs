using System.Diagnostics;
using System.Globalization;
using Gateway.TestSupport;

namespace Gateway.Deploy.Tests.Edge;

/// <summary>Debian's nginx with <c>deploy/nginx/nginx.conf</c>. For one test.</summary>
internal sealed class NginxProxy(EdgePlan plan) : EdgeProxy(plan)
{
    private string Configuration => PathOf("nginx.conf");

    public override string Output => base.Output + File.ReadAllText(PathOf("access.log")) + File.ReadAllText(PathOf("error.log"));

    public override async Task TakeOutAsync(int node)
    {
        string address = $"server 127.0.0.1:{Plan.Nodes[node]} ";
        File.WriteAllText(Configuration, DeployedFile.With(File.ReadAllText(Configuration), [(address, address + "down ")]));
        int[] old = Workers();
        Signals.Send(ProcessId, Signals.HangUp);
        await Eventually.TrueAsync(() => Workers().Except(old).Any() && old.All(IsLeaving), "only workers with the new file accept");
    }

    private int[] Workers()
    {
        string children = File.ReadAllText($"/proc/{ProcessId}/task/{ProcessId}/children");
        var ids = children.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return [.. ids.Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
    }

    /// <summary>Whether it only keeps the connections it has, as its title then says, or has gone.</summary>
    private static bool IsLeaving(int worker)
    {
        try
        {
            return File.ReadAllText($"/proc/{worker}/cmdline").Contains("shutting down", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return true;
        }
    }

    protected override ProcessStartInfo Command()
    {
        File.WriteAllText(Configuration, DeployedFile.With(File.ReadAllText(DeployedFile.PathOf("nginx", "nginx.conf")),
        [
            ("/run/nginx.pid", PathOf("nginx.pid")), ("/var/log/nginx/access.log", PathOf("access.log")),
            ("/var/log/nginx/error.log", PathOf("error.log")),
            ("/etc/nginx/gateway.pem", Plan.Certificate.PemPath), ("/etc/nginx/gateway.key", Plan.Certificate.KeyPath),
            ("listen 443 ", $"listen 127.0.0.1:{ByCookie} "), ("listen 8443 ", $"listen 127.0.0.1:{ByAddress} "),
            ("listen 9443;", $"listen 127.0.0.1:{PassThrough};"),
            ("10.20.0.11:8080", $"127.0.0.1:{Plan.Nodes[0]}"), ("10.20.0.12:8080", $"127.0.0.1:{Plan.Nodes[1]}"),
            ("proxy_read_timeout 1m", $"proxy_read_timeout {Plan.Idle}"), ("proxy_send_timeout 1m", $"proxy_send_timeout {Plan.Idle}"),
            ("proxy_timeout 1m", $"proxy_timeout {Plan.Idle}"),
        ]));
        return new ProcessStartInfo("nginx", ["-c", Configuration, "-e", "stderr", "-g", "daemon off;"]);
    }
}
