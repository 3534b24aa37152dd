using Microsoft.AspNetCore.WebUtilities;

namespace LakePortal.Portal.Parts;

/// <summary>
/// Builds every link of the portal. Names of objects are in the query, never in the path, because they may hold any character.
/// </summary>
public static class PortalUrls
{
    public const string Overview = "/";
    public const string Sources = "/sources";
    public const string AddSource = "/sources/new";
    public const string Syncs = "/syncs";
    public const string Reconciliations = "/reconciliations";
    public const string Pipelines = "/pipelines";
    public const string Runs = "/runs";
    public const string Tables = "/tables";
    public const string SqlPage = "/sql";
    public const string Dashboards = "/dashboards";
    public const string Users = "/users";
    public const string Tokens = "/tokens";
    public const string Secrets = "/secrets";
    public const string Audit = "/audit";
    public const string System = "/system";
    public const string ChangePassword = "/account/password";
    public const string SignOut = "/sign-out";
    public const string Export = "/portal/export";

    public static string SignIn(string? returnUrl = null) => With("/sign-in", ("returnUrl", returnUrl));

    public static string SourceList(string? state = null, string? search = null) => With(Sources, ("state", state), ("q", search));

    public static string Source(string name, string? tab = null) => With("/sources/detail", ("name", name), ("tab", tab));

    public static string SyncList(string? source = null, string? state = null, string? search = null) =>
        With(Syncs, ("source", source), ("state", state), ("q", search));

    public static string Sync(string name, string? tab = null) => With("/syncs/detail", ("name", name), ("tab", tab));

    /// <param name="view"><c>runs</c>: each comparison; null: each table with its latest.</param>
    public static string ReconciliationList(string? sync = null, string? verdict = null, string? view = null, string? before = null) =>
        With(Reconciliations, ("view", view), ("sync", sync), ("verdict", verdict), ("before", before));

    /// <param name="row">Number of the difference that is shown whole.</param>
    public static string Reconciliation(string id, string? tab = null, int? range = null, int? row = null) =>
        With("/reconciliations/detail", ("id", id), ("tab", tab), ("range", range is null ? null : Number(range.Value)), ("row", row is null ? null : Number(row.Value)));

    public static string PipelineList(string? state = null, string? search = null) => With(Pipelines, ("state", state), ("q", search));

    public static string Pipeline(string name, string? tab = null, string? task = null) =>
        With("/pipelines/detail", ("name", name), ("tab", tab), ("task", task));

    public static string RunList(string? kind = null, string? state = null, string? name = null, string? since = null, string? before = null) =>
        With(Runs, ("kind", kind), ("state", state), ("name", name), ("since", since), ("before", before));

    public static string Run(string id, string? tab = null, string? task = null) => With("/runs/detail", ("id", id), ("tab", tab), ("task", task));

    public static string TableList(string? ns = null, string? search = null, int? page = null, string? sort = null) =>
        With(Tables, ("ns", ns), ("q", search), ("page", page is null or 1 ? null : Number(page.Value)), ("sort", sort));

    public static string Table(string ns, string name, string? tab = null, string? snapshot = null) =>
        With("/tables/detail", ("ns", ns), ("name", name), ("tab", tab), ("snapshot", snapshot));

    /// <summary>For a full name <c>namespace.name</c>; the name may contain further dots.</summary>
    public static string TableOf(string fullName, string? tab = null, string? snapshot = null)
    {
        ArgumentNullException.ThrowIfNull(fullName);
        var dot = fullName.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? TableList(search: fullName) : Table(fullName[..dot], fullName[(dot + 1)..], tab, snapshot);
    }

    public static string Sql(string? sql = null, string? saved = null) => With(SqlPage, ("sql", sql), ("saved", saved));

    public static string Dashboard(string name) => With("/dashboards/detail", ("name", name));

    public static string User(string? name) => With(Users, ("user", name));

    public static string TokenList(string? user = null) => With(Tokens, ("user", user));

    public static string AuditList(string? user = null, string? action = null, string? objectName = null, string? outcome = null, string? kind = null, long? before = null) =>
        With(Audit, ("kind", kind), ("user", user), ("action", action), ("object", objectName), ("outcome", outcome), ("before", before is null ? null : Number(before.Value)));

    /// <summary>SQL that reads a table, at a snapshot if one is given.</summary>
    public static string SelectSql(string ns, string name, string? snapshot = null, int limit = 100)
    {
        var at = snapshot is null ? "" : $" AT (VERSION => {snapshot})";
        return $"SELECT *\nFROM {Quote(ns)}.{Quote(name)}{at}\nLIMIT {Number(limit)}";
    }

    /// <summary>An identifier as SQL writes it: bare when it may be, else in double quotes.</summary>
    public static string Quote(string identifier)
    {
        ArgumentNullException.ThrowIfNull(identifier);
        var bare = identifier.Length > 0 && (char.IsAsciiLetterLower(identifier[0]) || identifier[0] == '_')
            && identifier.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_') && !Reserved.Contains(identifier);
        return bare ? identifier : $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static readonly HashSet<string> Reserved = new(
    [
        "all", "and", "any", "array", "as", "asc", "both", "case", "cast", "check", "collate", "column", "constraint", "create", "default",
        "desc", "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign", "from", "grant", "group", "having", "in",
        "initially", "intersect", "into", "lateral", "leading", "limit", "not", "null", "offset", "on", "only", "or", "order", "pivot",
        "primary", "qualify", "references", "returning", "select", "show", "some", "summarize", "symmetric", "table", "then", "to",
        "trailing", "true", "union", "unique", "unpivot", "using", "variadic", "when", "where", "window", "with",
    ], StringComparer.Ordinal);

    private static string Number(long value) => value.ToString(global::System.Globalization.CultureInfo.InvariantCulture);

    private static string With(string path, params ReadOnlySpan<(string Name, string? Value)> query)
    {
        var url = path;
        foreach (var (name, value) in query)
        {
            if (!string.IsNullOrEmpty(value))
            {
                url = QueryHelpers.AddQueryString(url, name, value);
            }
        }

        return url;
    }
}
