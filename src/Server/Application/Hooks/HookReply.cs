namespace Gateway.Server.Application.Hooks;

/// <summary>Immutable. What became of asking the backend.</summary>
/// <param name="Json">Its answer; empty when there is a problem.</param>
/// <param name="Problem">Why there is no answer that can be read, in words that hold nothing secret; null when there is one.</param>
/// <param name="IsDown">Whether it looks as if the next one asked had to wait in vain, too.</param>
internal sealed record HookReply(ReadOnlyMemory<byte> Json, string? Problem = null, bool IsDown = false)
{
    public static HookReply Failed(string problem, bool isDown) => new(default, problem, isDown);
}
