using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gateway.Server.Options;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// What an encrypted connection to Redis trusts, and what it shows of itself. Immutable. The files are read for each handshake: there are
/// few, and so certificates that were renewed count from the next connection on.
/// </summary>
/// <param name="authorities">A PEM file; null for those that the system trusts.</param>
/// <param name="client">The node's own certificate, where Redis wants one.</param>
/// <param name="protocols">None: whatever the system finds good.</param>
/// <param name="checksRevocation">Whether the authorities are asked if they have revoked the certificate.</param>
internal sealed class RedisTls(string? authorities, CertificateOptions? client, SslProtocols protocols, bool checksRevocation)
{
    /// <summary>What stands in a PEM file of authorities. Null with the problem when there is none.</summary>
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
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            problem = $"'{path}' cannot be used: {failure.Message}";
        }
        return null;
    }

    /// <summary>The node's own certificate with its key. Null with the problem when there is none.</summary>
    public static SslStreamCertificateContext? TryReadClient(CertificateOptions client, out string problem) =>
        CertificateFiles.TryRead(client, out problem)?.TryLoad(client, out problem);

    /// <summary>For one handshake with a server that must have a certificate for this name.</summary>
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
            policy.CustomTrustStore.AddRange(TryReadAuthorities(authorities, out string problem) ?? throw new InvalidDataException(problem));
            options.CertificateChainPolicy = policy;
        }
        if (client is not null)
            options.ClientCertificateContext = TryReadClient(client, out string problem) ?? throw new InvalidDataException(problem);
        return options;
    }
}
