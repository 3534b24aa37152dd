namespace LakePortal.Portal.Parts.Values;

/// <summary>Line icons on a 24 × 24 grid.</summary>
internal static class IconPaths
{
    private static readonly Dictionary<string, string> Paths = new(StringComparer.Ordinal)
    {
        ["home"] = P("M3 11 12 4l9 7M5 9.5V20h5v-6h4v6h5V9.5"),
        ["database"] = "<ellipse cx='12' cy='5.5' rx='8' ry='3'/>" + P("M4 5.5v13c0 1.7 3.6 3 8 3s8-1.3 8-3v-13M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3"),
        ["sync"] = P("M4 12a8 8 0 0 1 14-5.3L20 9M20 4v5h-5M20 12a8 8 0 0 1-14 5.3L4 15M4 20v-5h5"),
        ["scale"] = P("M12 3.5v17M7 20.5h10M5 6.5h14M5 6.5 2.5 13a2.8 2.8 0 0 0 5 0zM19 6.5 16.5 13a2.8 2.8 0 0 0 5 0z"),
        ["flow"] = "<rect x='3' y='3.5' width='6' height='6' rx='1.5'/><rect x='15' y='14.5' width='6' height='6' rx='1.5'/><rect x='3' y='14.5' width='6' height='6' rx='1.5'/>" + P("M6 9.5v5M9 6.5h6a3 3 0 0 1 3 3v5M9 17.5h6"),
        ["runs"] = P("M12 3a9 9 0 1 0 9 9M12 7v5l3.5 2M16 3.5h5v5"),
        ["table"] = "<rect x='3' y='4' width='18' height='16' rx='2'/>" + P("M3 9.5h18M3 15h18M9.5 9.5V20"),
        ["terminal"] = "<rect x='3' y='4' width='18' height='16' rx='2'/>" + P("m7 9 3 3-3 3M13 15h4"),
        ["chart"] = P("M4 4v16h16M8 16v-4M12.5 16V8M17 16v-6"),
        ["users"] = "<circle cx='9' cy='8' r='3.5'/>" + P("M2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M16 4.8a3.5 3.5 0 0 1 0 6.4M18 14.4c2.2.8 3.5 2.8 3.5 5.6"),
        ["key"] = "<circle cx='8' cy='15.5' r='4.5'/>" + P("m11.3 12.2 8.7-8.7M16 7.5l3 3"),
        ["lock"] = "<rect x='5' y='11' width='14' height='10' rx='2'/>" + P("M8 11V7.5a4 4 0 0 1 8 0V11"),
        ["audit"] = P("M6 3h8l5 5v13H6zM14 3v5h5M9 13h6M9 17h6"),
        ["system"] = P("M3 12h4l3-8 4 16 3-8h4"),
        ["search"] = "<circle cx='11' cy='11' r='6.5'/>" + P("m16 16 4.5 4.5"),
        ["plus"] = P("M12 5v14M5 12h14"),
        ["x"] = P("m6 6 12 12M18 6 6 18"),
        ["check"] = P("m5 12.5 4.5 4.5L19 7.5"),
        ["alert"] = P("M12 3.5 2.5 20h19zM12 10v4.5M12 17.2v.1"),
        ["info"] = "<circle cx='12' cy='12' r='9'/>" + P("M12 11v5.5M12 7.6v.1"),
        ["help"] = "<circle cx='12' cy='12' r='9'/>" + P("M9.3 9.3a2.8 2.8 0 1 1 4 2.6c-.9.5-1.3 1-1.3 2M12 17v.1"),
        ["pause"] = P("M8 5v14M16 5v14"),
        ["play"] = P("M7 4.5v15l12-7.5z"),
        ["stop"] = "<rect x='6' y='6' width='12' height='12' rx='1.5'/>",
        ["refresh"] = P("M20 12a8 8 0 1 1-2.3-5.7L20 8.5M20 3.5v5h-5"),
        ["clock"] = "<circle cx='12' cy='12' r='9'/>" + P("M12 7v5l3.5 2"),
        ["queued"] = "<circle cx='12' cy='12' r='8.5' stroke-dasharray='3 3'/>",
        ["running"] = P("M12 3.5a8.5 8.5 0 1 1-8.5 8.5"),
        ["circle"] = "<circle cx='12' cy='12' r='8.5'/>",
        ["minus"] = "<circle cx='12' cy='12' r='8.5'/>" + P("M8 12h8"),
        ["failed"] = "<circle cx='12' cy='12' r='8.5'/>" + P("m9 9 6 6M15 9l-6 6"),
        ["ok"] = "<circle cx='12' cy='12' r='8.5'/>" + P("m8.5 12.3 2.4 2.4 4.6-5"),
        ["skip"] = P("m5 6 7 6-7 6zM13 6l6 6-6 6"),
        ["sun"] = "<circle cx='12' cy='12' r='4'/>" + P("M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"),
        ["moon"] = P("M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z"),
        ["globe"] = "<circle cx='12' cy='12' r='9'/>" + P("M3 12h18M12 3c2.6 2.6 3.8 5.6 3.8 9S14.6 18.4 12 21c-2.6-2.6-3.8-5.6-3.8-9S9.4 5.6 12 3z"),
        ["menu"] = P("M4 6.5h16M4 12h16M4 17.5h16"),
        ["rail"] = "<rect x='3' y='4' width='18' height='16' rx='2'/>" + P("M9 4v16"),
        ["copy"] = "<rect x='8' y='8' width='12' height='12' rx='2'/>" + P("M16 8V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h2"),
        ["download"] = P("M12 4v11M7.5 11 12 15.5 16.5 11M4 20h16"),
        ["trash"] = P("M4 7h16M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10.5 11v5M13.5 11v5"),
        ["edit"] = P("M4 20h4L19.5 8.5l-4-4L4 16zM13 7l4 4"),
        ["link"] = P("M10 14a4 4 0 0 0 6 .4l3-3a4.2 4.2 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.4l-3 3a4.2 4.2 0 0 0 6 6l1-1"),
        ["right"] = P("m9 5 7 7-7 7"),
        ["down"] = P("m5 9 7 7 7-7"),
        ["history"] = P("M3.5 12a8.5 8.5 0 1 0 2.8-6.3L3.5 8.5M3.5 3.5v5h5M12 7.5V12l3 2"),
        ["star"] = P("m12 3.5 2.6 5.6 6 .7-4.5 4.1 1.2 6L12 17l-5.3 2.9 1.2-6L3.4 9.8l6-.7z"),
        ["expand"] = P("M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"),
        ["wrap"] = P("M4 6h16M4 12h13a3 3 0 1 1 0 6h-3M16 15.5 13.5 18l2.5 2.5M4 18h5"),
        ["inbox"] = P("M4 13.5 6.5 5h11l2.5 8.5V19H4zM4 13.5h5l1.5 2.5h3l1.5-2.5h5"),
        ["user"] = "<circle cx='12' cy='8' r='4'/>" + P("M4.5 20.5c0-4 3.3-6.5 7.5-6.5s7.5 2.5 7.5 6.5"),
        ["out"] = P("M14 4H5v16h9M10 12h10.5M17 8.5l3.5 3.5-3.5 3.5"),
        ["columns"] = "<rect x='3' y='4' width='18' height='16' rx='2'/>" + P("M9 4v16M15 4v16"),
        ["snapshot"] = "<circle cx='12' cy='12' r='3.5'/>" + P("M12 3v5.5M12 15.5V21"),
        ["zoom-in"] = "<circle cx='11' cy='11' r='6.5'/>" + P("m16 16 4.5 4.5M8.5 11h5M11 8.5v5"),
        ["zoom-out"] = "<circle cx='11' cy='11' r='6.5'/>" + P("m16 16 4.5 4.5M8.5 11h5"),
    };

    public static string Of(string name) => Paths.TryGetValue(name, out var path)
        ? path
        : throw new ArgumentOutOfRangeException(nameof(name), name, "There is no icon of this name.");

    private static string P(string d) => $"<path d='{d}'/>";
}
