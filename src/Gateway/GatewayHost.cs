using Gateway.CommandLine;
using Gateway.Pages;
using Gateway.Server.Connections;
using Gateway.Server.Export;
using Gateway.Server.Hosting;
using Gateway.Server.Hosting.Settings;
using Gateway.Server.Listening;
using Gateway.Server.Options;
using Microsoft.Extensions.Logging.Console;

namespace Gateway;

/// <summary>
/// Puts the process together: a gateway that listens on its own ports, and what is the process's alone. Stateless; nothing is started yet.
/// </summary>
internal static class GatewayHost
{
    /// <param name="args">The settings of the command line, as <c>--Gateway:Public=http://…</c>.</param>
    /// <param name="configure">Changes to the services, for tests.</param>
    /// <exception cref="OptionsProblemsException">The configuration cannot be used.</exception>
    public static IHost Build(string[] args, Action<IServiceCollection>? configure = null)
    {
        var builder = CreateBuilder(args);
        var settings = new SettingsReader(builder.Configuration.GetSection("Gateway"));
        settings.Problems.AddRange(SettingNames.Mistakes(Arguments.Of(args).Keys));
        var options = GatewayOptionsReader.Read(builder.Configuration, new GatewayOptions(), settings);
        ConfigureLogging(builder.Logging);
        // First, and so the last to stop: what happens until then is exported too.
        if (OtlpExport.IsConfigured)
            builder.Services.AddHostedService<OtlpExport>();
        builder.Services.AddGateway(options);
        builder.Services.AddHeapCompaction();
        builder.Services.AddSingleton<IPortEndpoints, ConsoleEndpoints>();
        if (options.IsDevelopment)
            builder.Services.AddSingleton<IPortEndpoints, DemoEndpoints>();
        builder.Services.AddHostedService<StartScreen>();
        builder.Services.AddHostedService<ServiceNotification>();
        // The drain has its own deadline; the host only has to be more patient than that.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainDuration + TimeSpan.FromSeconds(10));
        configure?.Invoke(builder.Services);
        return builder.Build();
    }

    /// <summary>Reads the settings as ASP.NET Core applications do: files, environment, command line.</summary>
    public static HostApplicationBuilder CreateBuilder(string[] args)
    {
        var configuration = new ConfigurationManager();
        configuration.AddEnvironmentVariables("ASPNETCORE_");
        // Settings are read once. Watching their files for changes would take an inotify watch for every folder below the current one.
        return Host.CreateApplicationBuilder(new HostApplicationBuilderSettings
        {
            Args = ["--hostBuilder:reloadConfigOnChange=false", .. args],
            Configuration = configuration,
        });
    }

    private static void ConfigureLogging(ILoggingBuilder logging)
    {
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.ColorBehavior = Console.IsOutputRedirected ? LoggerColorBehavior.Disabled : LoggerColorBehavior.Default;
        });
        logging.AddFilter("Microsoft", LogLevel.Warning);
        // A failure to bind is told by Program, in one line.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
    }
}
