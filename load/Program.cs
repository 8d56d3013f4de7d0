using System.CommandLine;
using Gateway.Load;

var root = new RootCommand("Puts load on a gateway and checks what arrives. Exit code 1: something was lost, out of order or closed early.")
{
    new LoadCommand("echo", "Messages to /echo and back, one at a time per connection", new EchoScenario(), "/echo", "--connections", "--messages", "--bytes"),
    new LoadCommand("fanout", "One publisher, many subscribers of one channel", new FanOutScenario(), "/ws", "--subscribers", "--publish-url", "--namespace", "--messages", "--bytes", "--in-flight"),
    new LoadCommand("idle", "Connections that only stay, then a ping on each", new IdleScenario(), "/ws", "--connections", "--seconds"),
};
return await root.Parse(args).InvokeAsync();
