using System.Text;
using Gateway.Pages;
using Gateway.Server.Admission;
using Gateway.Server.Application.Hooks;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Hosting;
using Gateway.Server.Options;

namespace Gateway;

/// <summary>Prints, once the ports are open, what an operator wants to know first. Run by the host.</summary>
internal sealed class StartScreen(
    GatewayOptions options, IBackplane backplane, IAuthenticator authenticator, OwnPorts ports, IHostApplicationLifetime lifetime)
    : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStarted.Register(() => Console.Out.WriteLine(Text()));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private string Text()
    {
        string clients = ports.Public!.Replace("http", "ws", StringComparison.Ordinal);
        var limits = options.Limits;
        var text = new StringBuilder();
        text.AppendLine();
        text.AppendLine($"  Gateway {typeof(StartScreen).Assembly.GetName().Version!.ToString(3)}, node {options.Node}");
        text.AppendLine();
        text.AppendLine($"  clients    {clients}/ws" + (options.Echo ? $"   {clients}/echo" : ""));
        if (options.IsDevelopment)
            text.AppendLine($"  demo       {ports.Public}{DemoEndpoints.Path}   a chat to try it with");
        text.AppendLine($"  health     {ports.Public}/health/ready");
        text.AppendLine($"  internal   {ports.Internal}");
        text.AppendLine($"  transport  {Transport()}");
        text.AppendLine($"  mode       {authenticator.Description}");
        text.AppendLine($"  backplane  {backplane.Description}");
        if (options.Hooks.Url is { } hooks)
            text.AppendLine(
                $"  hooks      {string.Join(", ", HookNames.In(options.Hooks.Events))} to {hooks.GetLeftPart(UriPartial.Path)}");
        text.AppendLine(
            $"  limits     message {Bytes(limits.MessageBytes)}, outbound queue {Bytes(limits.OutboundBytes)} " +
            $"and {limits.ChannelsPerConnection} channels per connection");
        text.AppendLine($"  namespaces {Namespaces()}");
        if (authenticator.Warning is { } warning)
            text.AppendLine($"  WARNING    {warning}");
        if (OpenFiles.Limit() is { } files and < OpenFiles.Low)
            text.AppendLine($"  WARNING    at most {files} open files: raise the limit (ulimit -n) to hold more connections");
        foreach (string unknown in options.Warnings)
            text.AppendLine($"  WARNING    {unknown}");
        return text.ToString();
    }

    private string Transport() => !options.UsesEventLoops ? "Kestrel's sockets"
        : options.Loops == 1 ? "1 event loop" : $"{options.Loops} event loops";

    private string Namespaces()
    {
        var described = options.Namespaces.Prepend(new("default", options.DefaultNamespace)).Select(pair =>
            pair.Key + (pair.Value.HasHistory ? $" (history {pair.Value.History} for {pair.Value.HistoryTtl:c})" : "")
                + (pair.Value.Presence ? " (presence)" : ""));
        return string.Join(", ", described);
    }

    private static string Bytes(int bytes) => bytes % 1024 == 0 ? $"{bytes / 1024} KiB" : $"{bytes} B";
}
