using System.Net.Security;
using System.Security.Authentication;
using Gateway.Server.Clock;
using Gateway.Server.Options;

namespace Gateway.Server.Listening.Tls;

/// <summary>
/// The certificate of the public port. Safe for any thread. Once a second, by the one clock, its files are read again; a new connection
/// takes the current options, and open ones keep theirs.
/// </summary>
internal sealed partial class ServerCertificate : ITickHandler
{
    /// <summary>The category that docs/operations.md promises.</summary>
    public const string LogCategory = "Gateway.Tls.ServerCertificate";

    private const long CheckMilliseconds = 1_000;

    private readonly CertificateOptions _options;
    private readonly ILogger _log;
    private SslServerAuthenticationOptions _current;
    private string _fingerprint;
    private long _checked;
    private int _checking;

    /// <exception cref="InvalidDataException">The files cannot be used.</exception>
    public ServerCertificate(GatewayOptions options, ILoggerFactory logs)
    {
        _options = options.Certificate!;
        _log = logs.CreateLogger(LogCategory);
        if (CertificateFiles.TryRead(_options, out string problem) is not { } files
            || files.TryLoad(_options, out problem) is not { } context)
            throw new InvalidDataException($"Gateway:Certificate: {problem}.");
        _current = For(context);
        _fingerprint = files.Fingerprint;
    }

    /// <summary>For the next handshake.</summary>
    public SslServerAuthenticationOptions Current => Volatile.Read(ref _current);

    void ITickHandler.OnTick(long now)
    {
        if (now - _checked < CheckMilliseconds || Interlocked.Exchange(ref _checking, 1) != 0)
            return;
        _checked = now;
        // Files may be slow, and the clock must not be.
        ThreadPool.UnsafeQueueUserWorkItem(static self => self.CheckAgain(), this, preferLocal: false);
    }

    private void CheckAgain()
    {
        try
        {
            Check();
        }
        finally
        {
            Volatile.Write(ref _checking, 0);
        }
    }

    private void Check()
    {
        if (CertificateFiles.TryRead(_options, out string problem) is not { } files)
        {
            Keep("unreadable", problem);
            return;
        }
        if (files.Fingerprint == _fingerprint)
            return;
        if (files.TryLoad(_options, out problem) is not { } context)
        {
            Keep(files.Fingerprint, problem);
            return;
        }
        Volatile.Write(ref _current, For(context));
        _fingerprint = files.Fingerprint;
        LogReloaded(context.TargetCertificate.Subject, context.TargetCertificate.NotAfter.ToUniversalTime());
    }

    /// <summary>Logs once for each state of the files: while both are being written, the first does not fit the second.</summary>
    private void Keep(string fingerprint, string problem)
    {
        if (fingerprint == _fingerprint)
            return;
        _fingerprint = fingerprint;
        LogKept(problem);
    }

    private static SslServerAuthenticationOptions For(SslStreamCertificateContext context) => new()
    {
        ServerCertificateContext = context,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http11],
        AllowRenegotiation = false,
    };

    [LoggerMessage(110, LogLevel.Information, "The certificate was reloaded: {Subject}, valid until {Until:u}.")]
    private partial void LogReloaded(string subject, DateTime until);

    [LoggerMessage(111, LogLevel.Error, "The new certificate cannot be used and the old one is kept: {Problem}")]
    private partial void LogKept(string problem);
}
