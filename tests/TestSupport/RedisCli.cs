using System.Diagnostics;

namespace Gateway.TestSupport;

/// <summary>Runs redis-cli. Stateless.</summary>
internal static class RedisCli
{
    /// <returns>What it printed, without the last line's end, and its exit code.</returns>
    public static async Task<(string Output, int ExitCode)> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo("redis-cli", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        try
        {
            var errors = process.StandardError.ReadToEndAsync(deadline.Token);
            string output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            output += await errors;
            return (output.TrimEnd('\n'), process.ExitCode);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException("No answer to redis-cli " + string.Join(' ', arguments));
        }
    }
}
