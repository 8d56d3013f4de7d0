using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Gateway.Server.Options;

/// <summary>The content of a certificate's files at one moment. Immutable.</summary>
internal sealed class CertificateFiles
{
    private readonly byte[] _certificate;
    private readonly byte[] _key;

    private CertificateFiles(byte[] certificate, byte[] key)
    {
        _certificate = certificate;
        _key = key;
        Fingerprint = Convert.ToHexString(SHA256.HashData([.. SHA256.HashData(certificate), .. SHA256.HashData(key)]));
    }

    /// <summary>
    /// Differs when a byte of the files does. Times of change would not do: a mounted secret is a link, and the link itself never changes.
    /// </summary>
    public string Fingerprint { get; }

    public static CertificateFiles? TryRead(CertificateOptions options, out string problem)
    {
        problem = "";
        try
        {
            return new CertificateFiles(File.ReadAllBytes(options.Path), options.KeyPath is { } key ? File.ReadAllBytes(key) : []);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            problem = failure.Message;
            return null;
        }
    }

    /// <summary>The certificate, its key and the intermediates beside it.</summary>
    public SslStreamCertificateContext? TryLoad(CertificateOptions options, out string problem)
    {
        problem = "";
        try
        {
            var all = new X509Certificate2Collection();
            X509Certificate2? leaf;
            if (options.KeyPath is null)
            {
                all = X509CertificateLoader.LoadPkcs12Collection(_certificate, options.Password);
                leaf = all.FirstOrDefault(certificate => certificate.HasPrivateKey);
            }
            else
            {
                string pem = Encoding.ASCII.GetString(_certificate), key = Encoding.ASCII.GetString(_key);
                all.ImportFromPem(pem);
                leaf = options.Password is { } password
                    ? X509Certificate2.CreateFromEncryptedPem(pem, key, password) : X509Certificate2.CreateFromPem(pem, key);
            }
            if (leaf is not null)
                return SslStreamCertificateContext.Create(leaf, all, offline: true);
            problem = $"{options} holds no private key";
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            problem = $"{options}: {failure.Message}";
        }
        return null;
    }
}
