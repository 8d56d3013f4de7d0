using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gateway.Server.Options;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// The certificates of encrypted connections to Redis: the authorities that a connection trusts, and the node's own. The files are read for
/// each handshake; there are few, and so a renewed certificate counts from the next connection on. Immutable.
/// </summary>
/// <param name="authorities">A PEM file of authorities; null for those that the system trusts.</param>
/// <param name="client">The node's own certificate; null where Redis asks for none.</param>
/// <param name="protocols">The TLS versions; <see cref="SslProtocols.None"/> for the system's choice.</param>
/// <param name="checksRevocation">Whether the authorities are asked for revoked certificates.</param>
internal sealed class RedisTls(string? authorities, CertificateOptions? client, SslProtocols protocols, bool checksRevocation)
{
    /// <summary>Reads a PEM file of authorities; null with the problem where that fails.</summary>
    public static X509Certificate2Collection? TryReadAuthorities(string path, out string problem)
    {
        problem = "";
        try
        {
            var read = new X509Certificate2Collection();
            read.ImportFromPemFile(path);
            if (read.Count > 0)
                return read;
            problem = $"'{path}' holds no certificate in PEM";
        }
        catch (Exception failure)
            when (failure is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            problem = $"'{path}' cannot be used: {failure.Message}";
        }
        return null;
    }

    /// <summary>Reads the node's own certificate with its key; null with the problem where that fails.</summary>
    public static SslStreamCertificateContext? TryReadClient(CertificateOptions client, out string problem) =>
        CertificateFiles.TryRead(client, out problem)?.TryLoad(client, out problem);

    /// <summary>The options for one handshake with a server that must have a certificate for this name.</summary>
    /// <exception cref="InvalidDataException">A file cannot be used any more.</exception>
    public SslClientAuthenticationOptions ForHost(string host)
    {
        var revocation = checksRevocation ? X509RevocationMode.Online : X509RevocationMode.NoCheck;
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = host,
            EnabledSslProtocols = protocols,
            CertificateRevocationCheckMode = revocation,
        };
        if (authorities is not null)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = revocation };
            var trusted = TryReadAuthorities(authorities, out string problem) ?? throw new InvalidDataException(problem);
            policy.CustomTrustStore.AddRange(trusted);
            options.CertificateChainPolicy = policy;
        }
        if (client is not null)
            options.ClientCertificateContext = TryReadClient(client, out string problem) ?? throw new InvalidDataException(problem);
        return options;
    }
}
