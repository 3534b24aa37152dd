using LakePortal.Kernel.Messaging;
using LakePortal.Portal.Parts;

namespace LakePortal.Portal.Layout;

/// <param name="Key">One-letter shortcut.</param>
/// <param name="Permission">What the page's main list needs; without it the page is not offered.</param>
internal sealed record Place(string Title, string Href, string Icon, string Key, string Permission);

internal sealed record PlaceGroup(string? Title, IReadOnlyList<Place> Places);

/// <summary>The pages of the portal: the navigation, the palette, the shortcuts and the help dialog are made from this table.</summary>
internal static class Places
{
    public static readonly IReadOnlyList<PlaceGroup> Groups =
    [
        new(null, [new("Overview", PortalUrls.Overview, "home", "o", Permissions.ProfileOwn)]),
        new("Bring in",
        [
            new("Sources", PortalUrls.Sources, "database", "s", Permissions.SourcesRead),
            new("Syncs", PortalUrls.Syncs, "sync", "y", Permissions.SyncsRead),
            new("Reconciliation", PortalUrls.Reconciliations, "scale", "c", Permissions.SyncsRead),
        ]),
        new("Process",
        [
            new("Pipelines", PortalUrls.Pipelines, "flow", "p", Permissions.PipelinesRead),
            new("Runs", PortalUrls.Runs, "runs", "r", Permissions.SystemRead),
        ]),
        new("Explore",
        [
            new("Tables", PortalUrls.Tables, "table", "t", Permissions.TablesRead),
            new("SQL", PortalUrls.SqlPage, "terminal", "q", Permissions.QueriesRun),
            new("Dashboards", PortalUrls.Dashboards, "chart", "d", Permissions.DashboardsRead),
        ]),
        new("Govern",
        [
            new("Users", PortalUrls.Users, "users", "u", Permissions.UsersRead),
            new("Tokens", PortalUrls.Tokens, "key", "k", Permissions.ProfileOwn),
            new("Secrets", PortalUrls.Secrets, "lock", "e", Permissions.SecretsWrite),
            new("Audit", PortalUrls.Audit, "audit", "a", Permissions.AuditRead),
        ]),
        new("Operate", [new("System", PortalUrls.System, "system", "m", Permissions.SystemRead)]),
    ];

    public static IEnumerable<Place> All => Groups.SelectMany(g => g.Places);

    /// <summary>The place whose page, or whose sub-page, a path shows.</summary>
    public static Place? Of(string path) => All
        .Where(p => path == p.Href || (p.Href != "/" && path.StartsWith(p.Href + "/", StringComparison.Ordinal)))
        .MaxBy(p => p.Href.Length);
}

internal static class Shortcuts
{
    /// <summary>Besides the letters of <see cref="Places"/>.</summary>
    public static readonly IReadOnlyList<(string Key, string Meaning)> General =
    [
        ("/", "Search tables, syncs, pipelines, dashboards and pages"),
        ("Ctrl K", "The same, also while typing"),
        ("?", "This help"),
        ("z", "Hold or resume live updates"),
        ("Esc", "Close what is open: a dialog, a menu, the details beside a list"),
        ("Ctrl ⏎", "In the SQL editor: run the selection, or everything"),
    ];

    public static string[] Captured => [.. Places.All.Select(p => p.Key), "/", "?", "z"];
}
