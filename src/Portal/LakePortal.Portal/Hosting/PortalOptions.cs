namespace LakePortal.Portal.Hosting;

/// <summary>Section <c>Portal</c>: how the process is reached.</summary>
internal sealed record PortalOptions
{
    public const string SectionName = "Portal";

    public string Bind { get; init; } = "127.0.0.1";

    public int Port { get; init; } = 8080;

    /// <summary>Largest request body in bytes.</summary>
    public long MaxRequestBytes { get; init; } = 32L << 20;

    /// <summary>A browser session ends after this long without a request.</summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromHours(12);

    /// <summary>Not ready below this much free space in the data directory, in bytes.</summary>
    public long MinFreeDiskBytes { get; init; } = 256L << 20;
}
