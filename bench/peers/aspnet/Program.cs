// ASP.NET Core's WebSockets on /ws and /echo, SignalR on /hub; the port is in PORT.
using Gateway.Bench.Peers;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
builder.WebHost.UseUrls($"http://127.0.0.1:{Environment.GetEnvironmentVariable("PORT")}");
builder.Services.AddSingleton<Channels>();
builder.Services.AddSignalR();

var app = builder.Build();
app.UseWebSockets();
app.Map("/echo", Echo.RunAsync);
app.Map("/ws", ChannelSocket.RunAsync);
app.MapHub<ChannelHub>("/hub");
app.Run();
