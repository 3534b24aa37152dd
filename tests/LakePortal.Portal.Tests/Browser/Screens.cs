using LakePortal.Portal.Parts;
using LakePortal.Portal.Tests.Support;

namespace LakePortal.Portal.Tests.Browser;

/// <summary>Every page, filled with the sample lake.</summary>
internal static class Screens
{
    public static readonly string[] All =
    [
        PortalUrls.Overview, PortalUrls.Sources, PortalUrls.Source("shop"), PortalUrls.AddSource, PortalUrls.Syncs, PortalUrls.Sync("shop_orders"), PortalUrls.Source("shop", "capture"), PortalUrls.Sync("shop_events"), PortalUrls.Sync("shop_audit"), PortalUrls.Sync("shop_events", "events"), PortalUrls.Sync("shop_events", "letters"),
        PortalUrls.Reconciliations, PortalUrls.ReconciliationList(view: "runs"), PortalUrls.Reconciliation(SampleCapture.Different), PortalUrls.Reconciliation(SampleCapture.Different, range: 17),
        PortalUrls.Reconciliation(SampleCapture.Different, "differences"), PortalUrls.Reconciliation(SampleCapture.Different, "differences", row: 4), PortalUrls.Reconciliation(SampleCapture.Broken), PortalUrls.Pipelines,
        PortalUrls.Pipeline("sales_daily"), PortalUrls.Pipeline("sales_daily", task: "orders"), PortalUrls.Run(SampleLake.PipelineRun), PortalUrls.Runs, PortalUrls.Tables,
        PortalUrls.Table("refined", "shop_orders"), PortalUrls.Table("refined", "shop_orders", "snapshots"), PortalUrls.Table("refined", "shop_orders", "preview"), PortalUrls.Table("refined", "shop_orders", "health"),
        PortalUrls.Sql("SELECT status, count(*) AS orders\nFROM refined.shop_orders\nWHERE amount > 100 -- large ones\nGROUP BY 1"),
        PortalUrls.Dashboards, PortalUrls.Dashboard("sales"), PortalUrls.User("grace"), PortalUrls.Users, PortalUrls.Tokens, PortalUrls.Secrets, PortalUrls.Audit, PortalUrls.System,
        PortalUrls.Table("refined", "absent"),
    ];
}
