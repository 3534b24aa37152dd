using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Messaging;
using LakePortal.Portal.Hosting;
using LakePortal.Portal.Parts;
using LakePortal.Processing.Contracts.Pipelines;
using LakePortal.Serving.Contracts.Dashboards;
using LakePortal.Serving.Contracts.Tables;

namespace LakePortal.Portal.Layout;

internal sealed record PaletteEntry(string Title, string Kind, string Icon, string Href)
{
    /// <summary>All objects that the caller may see; kinds without the permission are not asked for.</summary>
    public static async Task<IReadOnlyList<PaletteEntry>> LoadAsync(IPortalSender sender)
    {
        var tables = May(sender, Permissions.TablesRead) ? sender.Send(new ListTables()) : Task.FromResult<IReadOnlyList<TableSummary>>([]);
        var sources = May(sender, Permissions.SourcesRead) ? sender.Send(new ListSources()) : Task.FromResult<IReadOnlyList<SourceSummary>>([]);
        var syncs = May(sender, Permissions.SyncsRead) ? sender.Send(new ListSyncs()) : Task.FromResult<IReadOnlyList<SyncSummary>>([]);
        var pipelines = May(sender, Permissions.PipelinesRead) ? sender.Send(new ListPipelines()) : Task.FromResult<IReadOnlyList<PipelineSummary>>([]);
        var dashboards = May(sender, Permissions.DashboardsRead) ? sender.Send(new ListDashboards()) : Task.FromResult<IReadOnlyList<DashboardSummary>>([]);
        await Task.WhenAll(tables, sources, syncs, pipelines, dashboards);
        return
        [
            .. (await tables).Select(t => new PaletteEntry($"{t.Namespace}.{t.Name}", "Table", "table", PortalUrls.Table(t.Namespace, t.Name))),
            .. (await sources).Select(s => new PaletteEntry(s.Name, "Source", "database", PortalUrls.Source(s.Name))),
            .. (await syncs).Select(s => new PaletteEntry(s.Name, "Sync", "sync", PortalUrls.Sync(s.Name))),
            .. (await pipelines).Select(p => new PaletteEntry(p.Name, "Pipeline", "flow", PortalUrls.Pipeline(p.Name))),
            .. (await dashboards).Select(d => new PaletteEntry(d.Title, "Dashboard", "chart", PortalUrls.Dashboard(d.Name))),
        ];
    }

    /// <summary>Every word must occur; a title that starts with the text comes first, then one that contains it in one piece.</summary>
    public static IEnumerable<PaletteEntry> Match(IEnumerable<PaletteEntry> entries, string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return words.Length == 0
            ? entries
            : entries
                .Where(e => words.All(w => Contains(e.Title, w) || Contains(e.Kind, w)))
                .OrderBy(e => e.Title.StartsWith(text, StringComparison.OrdinalIgnoreCase) ? 0 : Contains(e.Title, text) ? 1 : 2)
                .ThenBy(e => e.Title.Length);
    }

    private static bool Contains(string text, string part) => text.Contains(part, StringComparison.OrdinalIgnoreCase);

    private static bool May(IPortalSender sender, string permission) => sender.Caller?.Can(permission) == true;
}
