using LakePortal.Governance.Contracts.Identity;
using LakePortal.Portal.Hosting;

namespace LakePortal.Portal.Parts.Frame;

/// <summary>What one open portal window knows about its user: zone, theme, and whether live updates are held. Scoped to the circuit.</summary>
public sealed class PortalSession(TimeProvider time)
{
    private TimeZoneInfo _browserZone = TimeZoneInfo.Utc;

    /// <summary>Something that pages show has changed.</summary>
    public event Action? Changed;

    public UserPreferences Preferences { get; private set; } = new(null, "system");

    /// <summary>The zone in which every time is shown: the user's choice, else the browser's.</summary>
    public TimeZoneInfo Zone => Find(Preferences.TimeZone) ?? _browserZone;

    public string BrowserZoneName => _browserZone.Id;

    public bool IsDark { get; private set; }

    /// <summary>True: pages keep what they show until the user resumes.</summary>
    public bool IsPaused { get; private set; }

    public DateTimeOffset? PausedAt { get; private set; }

    public void TogglePause()
    {
        IsPaused = !IsPaused;
        PausedAt = IsPaused ? time.GetUtcNow() : null;
        Changed?.Invoke();
    }

    public void SetBrowser(string? zone, bool dark)
    {
        _browserZone = Find(zone) ?? TimeZoneInfo.Utc;
        IsDark = dark;
        Changed?.Invoke();
    }

    public void SetDark(bool dark)
    {
        IsDark = dark;
        Changed?.Invoke();
    }

    public void Use(UserPreferences preferences)
    {
        Preferences = preferences;
        Changed?.Invoke();
    }

    public async Task SaveAsync(IPortalSender sender, UserPreferences preferences)
    {
        ArgumentNullException.ThrowIfNull(sender);
        await sender.Send(new SavePreferences(preferences));
        Use(preferences);
    }

    private static TimeZoneInfo? Find(string? id) =>
        id is not null && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone) ? zone : null;
}
