namespace Gateway.Server.Application.Hooks;

/// <summary>The backend's reply to a call, or why there is none. Immutable.</summary>
/// <param name="Json">The body; empty when there is a problem.</param>
/// <param name="Problem">Why there is no body that can be read, in words that hold nothing secret; null when there is one.</param>
/// <param name="IsDown">Whether the backend seems to be down, so that the next call would wait in vain, too.</param>
internal sealed record HookReply(ReadOnlyMemory<byte> Json, string? Problem = null, bool IsDown = false)
{
    public static HookReply Failed(string problem, bool isDown) => new(default, problem, isDown);
}
