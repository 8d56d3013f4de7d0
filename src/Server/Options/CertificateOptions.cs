namespace Gateway.Server.Options;

/// <summary>
/// <c>Gateway:Certificate</c>: what the public port shows where it is <c>https</c>. Immutable. A PFX file, or PEM files of the certificate
/// and its key.
/// </summary>
internal sealed record CertificateOptions
{
    public string Path { get; init; } = "";

    /// <summary>Of the PFX file, or of an encrypted PEM key. Null for none.</summary>
    public string? Password { get; init; }

    /// <summary>The PEM file of the key; null where <see cref="Path"/> is a PFX file.</summary>
    public string? KeyPath { get; init; }

    /// <summary>Without the password: what prints ends up in a log.</summary>
    public override string ToString() => KeyPath is null ? Path : $"{Path}, {KeyPath}";
}
