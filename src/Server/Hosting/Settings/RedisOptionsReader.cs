using Gateway.Server.Backplane.Redis;
using Gateway.Server.Options;

namespace Gateway.Server.Hosting.Settings;

/// <summary>Reads <c>Gateway:Redis</c>. For one thread, at start. No problem it tells of shows a secret.</summary>
internal static class RedisOptionsReader
{
    private static readonly string[] ForAddresses =
    [
        "User", "Password", "Tls", "CertificatePath", "ClientCertificatePath", "ClientCertificateKeyPath",
        "Sentinel", "SentinelUser", "SentinelPassword",
    ];

    private static readonly Dictionary<string, ShardedPubSub> ShardedChoices = new()
    {
        ["auto"] = ShardedPubSub.Auto,
        ["true"] = ShardedPubSub.On,
        ["false"] = ShardedPubSub.Off,
    };

    public static RedisOptions Read(SettingsReader settings, RedisOptions defaults)
    {
        var options = new RedisOptions
        {
            Addresses = (settings.Text("Redis:Addresses") ?? "")
                .Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
            Prefix = settings.Text("Redis:Prefix", defaults.Prefix),
            User = settings.Text("Redis:User"),
            Password = settings.Text("Redis:Password"),
            Tls = settings.Flag("Redis:Tls", defaults.Tls),
            CertificatePath = settings.Text("Redis:CertificatePath"),
            ClientCertificate = ReadClientCertificate(settings),
            Sentinel = settings.Text("Redis:Sentinel"),
            SentinelUser = settings.Text("Redis:SentinelUser"),
            SentinelPassword = settings.Text("Redis:SentinelPassword"),
            ShardedPubSub = settings.Choice("Redis:ShardedPubSub", defaults.ShardedPubSub, ShardedChoices),
        };
        CheckPrefix(settings, options.Prefix);
        CheckCertificates(settings, options);
        if (options.Addresses.Count == 0)
            CheckUnused(settings);
        else if (CheckAddresses(settings, options))
            CheckTogether(settings, options);
        return options;
    }

    private static CertificateOptions? ReadClientCertificate(SettingsReader settings)
    {
        var (path, key) = (settings.Text("Redis:ClientCertificatePath"), settings.Text("Redis:ClientCertificateKeyPath"));
        if (path is null && key is not null)
            settings.Problem("Redis:ClientCertificatePath", "is missing, but there is a key for it");
        // Certificate and key may stand in one file.
        return path is null ? null : new CertificateOptions { Path = path, KeyPath = key ?? path };
    }

    private static void CheckPrefix(SettingsReader settings, string prefix)
    {
        if (prefix.Length > 64 || prefix.Any(letter => letter is '{' or '}' || char.IsWhiteSpace(letter) || char.IsControl(letter)))
            settings.Problem("Redis:Prefix", $"'{prefix}' must be at most 64 characters without blanks and braces");
    }

    private static void CheckCertificates(SettingsReader settings, RedisOptions options)
    {
        if (options.CertificatePath is { } path && RedisTls.TryReadAuthorities(path, out string problem) is null)
            settings.Problem("Redis:CertificatePath", problem);
        if (options.ClientCertificate is { } client && RedisTls.TryReadClient(client, out problem) is null)
            settings.Problem("Redis:ClientCertificatePath", problem);
    }

    /// <summary>A node that was to join others must not stand alone because one line is missing.</summary>
    private static void CheckUnused(SettingsReader settings)
    {
        if (ForAddresses.FirstOrDefault(key => settings.Text($"Redis:{key}") is not null) is { } set)
            settings.Problem("Redis:Addresses", $"is missing, but Redis:{set} is set");
    }

    /// <returns>Whether all can be used.</returns>
    private static bool CheckAddresses(SettingsReader settings, RedisOptions options)
    {
        bool all = true;
        for (int i = 0; i < options.Addresses.Count; i++)
        {
            // The address is not shown: it may hold a password.
            if (new RedisAddressText(options.Addresses[i]).Check() is not { } problem)
                continue;
            settings.Problem("Redis:Addresses", $"address {i + 1} of {options.Addresses.Count} {problem}");
            all = false;
        }
        return all;
    }

    private static void CheckTogether(SettingsReader settings, RedisOptions options)
    {
        var addresses = RedisServerAddress.AllOf(options);
        for (int i = 0; i < addresses.Count; i++)
        {
            var address = addresses[i];
            string which = $"address {i + 1} of {addresses.Count}";
            if (address.User is not null && address.Password is null)
                settings.Problem("Redis:User", $"{which} has a user and no password; where none is asked for, any will do");
            if (address.SentinelUser is not null && address.SentinelPassword is null)
                settings.Problem("Redis:SentinelUser", $"{which} has a user for the sentinels and no password");
            if (address.Service is null && address.SentinelPassword is not null)
                settings.Problem("Redis:Sentinel", $"{which} has a password for sentinels, but no name of a service to ask them for");
            if (address.IsTls && address.EndPoints.Any(endpoint => endpoint is System.Net.Sockets.UnixDomainSocketEndPoint))
                settings.Problem("Redis:Tls", $"{which} is a Unix socket, which Redis does not encrypt");
            // Channels are shared out by name.
            if (addresses.Take(i).Any(other => other.Name == address.Name))
                settings.Problem("Redis:Addresses", $"{which} is there twice");
        }
        if (!addresses.Any(address => address.IsTls))
        {
            if (options.CertificatePath is not null)
                settings.Problem("Redis:CertificatePath", "is set, but no connection is encrypted: set Redis:Tls");
            if (options.ClientCertificate is not null)
                settings.Problem("Redis:ClientCertificatePath", "is set, but no connection is encrypted: set Redis:Tls");
        }
    }
}
