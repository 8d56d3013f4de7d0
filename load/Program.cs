using System.CommandLine;
using Gateway.Load;
using Gateway.Load.Scenarios;

var root = new RootCommand("Puts load on a gateway and checks what arrives. Exit code 1: something was lost, doubled, out of order, or closed early.");
foreach (var scenario in Catalogue.All)
    root.Add(new LoadCommand(scenario));
return await root.Parse(args).InvokeAsync();
