using Gateway.Server.Options;

namespace Gateway.Server.Naming;

/// <summary>A namespace and its rules. Immutable; there is one object per namespace.</summary>
/// <param name="name">What stands before the first <c>:</c> of its channels; <c>default</c> for channels without one.</param>
/// <param name="rules">The configured rules.</param>
/// <param name="isPersonal">Whether this is <c>user:</c>, whose channels belong to one user each.</param>
internal sealed class Namespace(string name, NamespaceOptions rules, bool isPersonal = false)
{
    public string Name { get; } = name;

    public NamespaceOptions Rules { get; } = rules;

    public bool IsPersonal { get; } = isPersonal;
}
