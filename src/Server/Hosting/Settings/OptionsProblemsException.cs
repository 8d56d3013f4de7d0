namespace Gateway.Server.Hosting.Settings;

/// <summary>The configuration cannot be used. The message lists every problem, one a line.</summary>
internal sealed class OptionsProblemsException(IReadOnlyList<string> problems)
    : InvalidOperationException("The configuration has " + (problems.Count == 1 ? "a problem" : $"{problems.Count} problems") + ":" +
        string.Concat(problems.Select(problem => Environment.NewLine + "  * " + problem)))
{
    public IReadOnlyList<string> Problems { get; } = problems;
}
