using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Gateway.Deploy.Tests.Edge;

/// <summary>Debian's haproxy with <c>deploy/haproxy/haproxy.cfg</c>. For one test.</summary>
internal sealed class HaproxyProxy(EdgePlan plan) : EdgeProxy(plan)
{
    private string Socket => PathOf("admin.sock");

    public override Task TakeOutAsync(int node) => AskAsync($"set server by-cookie/edge-{node + 1} state maint");

    /// <summary>Whether its checks have found a node ready.</summary>
    public async Task<bool> IsUpAsync(int node)
    {
        string servers = await AskAsync("show servers state by-cookie");
        // Columns as the manual's chapter 9.3 has them: the fourth is the server's name, the sixth its state, in which 2 is up.
        return servers.Split('\n')
            .Select(line => line.Split(' '))
            .Any(columns => columns.Length > 5 && columns[3] == $"edge-{node + 1}" && columns[5] == "2");
    }

    /// <summary>One command of the runtime API.</summary>
    private async Task<string> AskAsync(string command)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket));
        await socket.SendAsync(Encoding.ASCII.GetBytes(command + "\n"));
        using var reader = new StreamReader(new NetworkStream(socket));
        return await reader.ReadToEndAsync();
    }

    protected override ProcessStartInfo Command()
    {
        File.WriteAllText(
            PathOf("gateway.pem"), File.ReadAllText(Plan.Certificate.PemPath) + "\n" + File.ReadAllText(Plan.Certificate.KeyPath));
        List<(string, string)> here =
        [
            ("/run/haproxy/admin.sock", Socket), ("/etc/haproxy/gateway.pem", PathOf("gateway.pem")),
            ("bind :443 ", $"bind 127.0.0.1:{ByCookie} "), ("bind :8443 ", $"bind 127.0.0.1:{ByAddress} "),
            ("bind :9443\n", $"bind 127.0.0.1:{PassThrough}\n"),
            ("10.20.0.11:8080", $"127.0.0.1:{Plan.Nodes[0]}"), ("10.20.0.12:8080", $"127.0.0.1:{Plan.Nodes[1]}"),
            ("timeout client 1m", $"timeout client {Plan.Idle}"), ("timeout server 1m", $"timeout server {Plan.Idle}"),
            ("timeout tunnel 1m", $"timeout tunnel {Plan.Idle}"),
        ];
        // Only root can become another user.
        if (!Environment.IsPrivilegedProcess)
            here.AddRange([("    user haproxy\n", ""), ("    group haproxy\n", "")]);
        File.WriteAllText(PathOf("haproxy.cfg"), DeployedFile.With(File.ReadAllText(DeployedFile.PathOf("haproxy", "haproxy.cfg")), here));
        return new ProcessStartInfo("haproxy", ["-f", PathOf("haproxy.cfg")]);
    }
}
