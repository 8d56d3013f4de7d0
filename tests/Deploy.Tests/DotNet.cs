using System.Diagnostics;
using System.Reflection.PortableExecutable;
using Gateway.TestSupport;

namespace Gateway.Deploy.Tests;

/// <summary>Runs the .NET SDK's command, as a user does. Stateless.</summary>
internal static class DotNet
{
    /// <summary>The collection of all tests that use this class: builds of the same projects must not run at the same time.</summary>
    public const string Collection = "dotnet";

    /// <summary>The configuration that these tests were built with.</summary>
    public static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    /// <summary>Far longer than it takes: packages may have to come first.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>Whether an assembly has native code beside its IL.</summary>
    public static bool IsCompiledAhead(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        return file.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0;
    }

    public static async Task RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // What the SDK that runs these tests tells its own children would mislead another.
        var inherited = start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase));
        foreach (string name in inherited.ToList())
            start.Environment.Remove(name);
        // Nothing stays behind that would build the next one faster.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["UseSharedCompilation"] = "false";
        using var process = System.Diagnostics.Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Limit);
        try
        {
            var errors = process.StandardError.ReadToEndAsync(deadline.Token);
            string output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            if (process.ExitCode != 0)
                throw new InvalidOperationException($"dotnet {string.Join(' ', arguments)}\n{output}\n{await errors}");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
