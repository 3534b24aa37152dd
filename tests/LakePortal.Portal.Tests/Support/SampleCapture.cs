using System.Text.Json.Nodes;
using LakePortal.Ingestion.Contracts.Capture;
using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;

namespace LakePortal.Portal.Tests.Support;

/// <summary>The shop's changes being followed, and its tables compared with the lake, as the module would describe it.</summary>
internal sealed class SampleCapture(DateTimeOffset now)
{
    public const string Different = "0199a0000000700080000000000000f1";
    public const string Equal = "0199a0000000700080000000000000f2";
    public const string Comparing = "0199a0000000700080000000000000f3";
    public const string Broken = "0199a0000000700080000000000000f4";

    public static FakeSender Arrange(FakeSender sender, DateTimeOffset now)
    {
        var capture = new SampleCapture(now);
        return sender
            .On<GetCapture>(r => r.Source == "shop" ? capture.Streaming : null)
            .On<ListCaptureEvents>(r => (IReadOnlyList<CaptureEvent>)[.. capture.Events.Where(e => r.Sync is null || e.Sync is null || e.Sync == r.Sync)])
            .On<ListDeadLetters>(r => (IReadOnlyList<DeadLetterInfo>)
            [
                new("00000000/3A40F118#00000002", "u", 90_412, now.AddMinutes(-4), "Column amount is decimal(12,2), and the value is NaN.", new JsonObject { ["event_id"] = "884120", ["kind"] = "refund", ["amount"] = "NaN", ["created_at"] = "2026-05-04 10:08:11.120045+00" }, false, now.AddMinutes(-4), null, null),
                new("00000000/3A40C0A8#00000001", "c", 90_377, now.AddMinutes(-9), "Column created_at is timestamptz, and the value is infinity.", null, true, now.AddMinutes(-9), null, null),
                new("00000000/3A3F0010#00000007", "c", 89_951, now.AddHours(-2), "Column amount is decimal(12,2), and the value is NaN.", new JsonObject { ["event_id"] = "870001", ["amount"] = "NaN" }, false, now.AddHours(-2), now.AddHours(-1), "settled"),
            ])
            .On<RestartCapture>(_ => null).On<BootstrapSync>(_ => SampleLake.RunningRun)
            .On<StartReconciliation>(_ => Comparing).On<CancelReconciliation>(_ => null)
            .On<ListReconciliations>(r => (IReadOnlyList<ReconciliationInfo>)[.. capture.Reconciliations.Where(x => r.Sync is null || x.Sync == r.Sync).Take(r.Limit)])
            .On<GetReconciliation>(r => capture.Reconciliations.FirstOrDefault(x => x.Id == r.Id) ?? throw new ObjectNotFoundException("reconciliation", r.Id))
            .On<ListReconciliationRanges>(_ => capture.Ranges)
            .On<ListDifferences>(r => (IReadOnlyList<ReconciliationDifference>)[.. capture.Differences.Where(d => d.Number > r.After).Take(r.Limit)]);
    }

    public CaptureStatus Streaming => new(
        "shop", "streaming", null, null, "lakeportal_shop_shop", "lakeportal_shop", "0/3A41C2F8", "0/3A41B110", now.AddSeconds(-2), 1.4, 4_584, 734_003_200, 9_663_676_416, "reserved", 812.4, 1_204_882,
        [
            new("shop_events", "public.events", "streaming", null, null, "0/3A41B110", "0/3A41B110", now.AddSeconds(-2), 1_198_220, 3, null),
            new("shop_carts", "public.carts", "loading", null, null, "0/3A41B110", null, now.AddSeconds(-2), 6_612, 0, null),
            new("shop_audit", "public.audit", "held", "public.audit has no replica identity: once published, the server would refuse updates and deletes of it.",
                "ALTER TABLE public.audit REPLICA IDENTITY FULL; or use mode: batch.", null, null, null, 0, 0, null),
        ]);

    public CaptureStatus Waiting => Streaming with
    {
        State = "waiting", Reason = "The role 'lake' may not replicate.", Hint = "ALTER ROLE lake REPLICATION;", RetainedBytes = 9_663_676_416, SafeBytes = 1_073_741_824, SlotStatus = "extended",
        CapturedAt = now.AddMinutes(-7),
    };

    public IReadOnlyList<CaptureEvent> Events =>
    [
        new("e4", now.AddMinutes(-3), "shop_audit", "hold", "public.audit has no replica identity: once published, the server would refuse updates and deletes of it.", null),
        new("e3", now.AddMinutes(-12), "shop_events", "schema-change", "Column 'channel' (text) was added.", "0/3A0FF0A8"),
        new("e2", now.AddHours(-2), "shop_events", "bootstrap", "Loaded at 0/39000028; its changes are followed from 0/39001200 on.", "0/39000028"),
        new("e1", now.AddHours(-2), null, "slot", "The slot 'lakeportal_shop_shop' was made.", "0/38FFF000"),
    ];

    public SyncStatus Status(string name, CaptureStatus? capture = null)
    {
        capture ??= Streaming;
        var table = capture.Tables.First(t => t.Sync == name);
        return new SyncStatus(
            new SyncSummary(name, "shop", table.SourceTable, "bootstrap+cdc", table.State, table.Reason ?? capture.Reason, $"raw.{name}", $"refined.{name}", null, null, table.LastCommitAt, 1_402_331, 204_111, null),
            capture.SourcePosition, capture.CapturedPosition, table.RefinedPosition, capture.LagSeconds, capture.LagBytes, null, null, ["event_id"], [new("event_id", "bigint", "long", null)], null)
        {
            Capture = capture, VerifiedThrough = "0/3A2FF010", VerifiedAt = now.AddHours(-1),
        };
    }

    public IReadOnlyList<ReconciliationInfo> Reconciliations =>
    [
        Run(Comparing, "shop_users", "running", null, 0) with { RowsSource = null, RowsLake = null, Position = null, LakePosition = null, LakeSnapshotId = null },
        Run(Different, "shop_orders", "succeeded", "different", 20) with { Missing = 2, Extra = 1, Changed = 4, TypeLoss = 1, RangesDifferent = 3, Notes = ["Column 'tsv' (tsvector) is not compared: the source computes it."] },
        Run("0199a0000000700080000000000000e9", "shop_orders", "succeeded", "different", 90) with { Missing = 2, Extra = 1 },
        Run("0199a0000000700080000000000000e8", "shop_orders", "succeeded", "equal", 200),
        Run(Equal, "shop_order_items", "succeeded", "equal", 40) with { RowsSource = 1_204_882, RowsLake = 1_204_882, Sample = 100_000 },
        Run(Broken, "shop_payments", "failed", null, 60) with { RowsSource = null, RowsLake = null, Error = new RunError("ingestion.source-unreachable", "The server does not answer.", "Check its address.") },
    ];

    public IReadOnlyList<ReconciliationRange> Ranges =>
    [
        .. Enumerable.Range(1, 120).Select(i => new ReconciliationRange(i, i == 1 ? null : $"order_id {i * 3436}", i == 120 ? null : $"order_id {(i + 1) * 3436}", 3436, i == 17 ? 3434 : i == 63 ? 3437 : 3436, i is 17 or 63 or 90 ? "different" : "equal", "0/3A41C2F8")),
    ];

    public IReadOnlyList<ReconciliationDifference> Differences =>
    [
        new(1, new JsonObject { ["order_id"] = "58412" }, "missing", [], Row("58412", "PAID", "12.50"), null, false, false),
        new(2, new JsonObject { ["order_id"] = "58413" }, "missing", [], Row("58413", "NEW", "8.00"), null, false, false),
        new(3, new JsonObject { ["order_id"] = "216470" }, "extra", [], null, Row("216470", "PAID", "99.99"), false, false),
        new(4, new JsonObject { ["order_id"] = "309241" }, "changed", ["status", "amount"], Row("309241", "SHIPPED", "120.00"), Row("309241", "PAID", "12.00"), false, false),
        new(5, new JsonObject { ["order_id"] = "309242" }, "changed", ["note"], Row("309242", "PAID", "7.10"), Row("309242", "PAID", "7.10", ""), true, false),
        new(6, null, "changed", ["amount"], null, null, false, true),
        new(7, new JsonObject { ["order_id"] = "309244" }, "type-loss", ["amount"], Row("309244", "PAID", "NaN"), Row("309244", "PAID", null), false, false),
    ];

    private static JsonObject Row(string id, string status, string? amount, string? note = null) =>
        new() { ["order_id"] = id, ["user_id"] = "771", ["status"] = status, ["amount"] = amount, ["note"] = note, ["created_at"] = "2026-05-01 08:15:22.123456+00" };

    private ReconciliationInfo Run(string id, string sync, string state, string? verdict, int minutesAgo) => new(
        id, sync, "snapshot", state, "0/3A41C2F8", "0/3A41C2F8", true, 7218893214011234567, 412_331, 412_331, verdict, 0, 0, 0, 0, verdict is null ? 0 : 120, 0, null, false, 0, null,
        now.AddMinutes(-minutesAgo), 4.2, [], null);
}
