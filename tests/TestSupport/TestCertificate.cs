using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Gateway.TestSupport;

/// <summary>A certificate for this machine that nobody else trusts, in files of a folder of its own. For one thread.</summary>
public sealed class TestCertificate : IDisposable
{
    public const string Password = "correct horse";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("certificate-");

    public TestCertificate() => Renew();

    public string PemPath => PathOf("server.pem");

    public string KeyPath => PathOf("server.key");

    public string PfxPath => PathOf("server.pfx");

    /// <summary>Settings that serve it from the PEM files, on a free port.</summary>
    public string[] Pem => ["Public=https://127.0.0.1:0", $"Certificate:Path={PemPath}", $"Certificate:KeyPath={KeyPath}"];

    /// <summary>Settings that serve it from the PFX file, on a free port.</summary>
    public string[] Pfx => ["Public=https://127.0.0.1:0", $"Certificate:Path={PfxPath}", $"Certificate:Password={Password}"];

    public string Thumbprint { get; private set; } = "";

    /// <summary>Writes another certificate into the same files.</summary>
    public void Renew()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        Thumbprint = certificate.Thumbprint;
        Write(PemPath, Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()));
        Write(KeyPath, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
        Write(PfxPath, certificate.Export(X509ContentType.Pfx, Password));
    }

    /// <summary>Replaces the PFX file by one that is not a certificate.</summary>
    public void Break() => Write(PfxPath, "no certificate"u8.ToArray());

    /// <summary>Replaces a file atomically: a reader sees the old file or the new one.</summary>
    private static void Write(string path, byte[] bytes)
    {
        File.WriteAllBytes(path + ".new", bytes);
        File.Move(path + ".new", path, overwrite: true);
    }

    private string PathOf(string file) => Path.Combine(_folder.FullName, file);

    public void Dispose() => _folder.Delete(recursive: true);
}
