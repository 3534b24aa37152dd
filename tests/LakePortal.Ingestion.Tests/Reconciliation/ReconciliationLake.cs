using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Ingestion.Contracts.Reconciliation;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Ingestion.Tests.Reconciliation;

/// <summary>Reconciling in tests, and changing the lake behind the product's back.</summary>
internal static class ReconciliationLake
{
    public static async Task<ReconciliationInfo> ReconcileAsync(this IngestionLake lake, string sync, bool repair = false, long? sample = null)
    {
        var id = await lake.Lake.SendAsync(new StartReconciliation(sync, Repair: repair, Sample: sample));
        var result = await lake.Lake.SendAsync(new AwaitReconciliation(id));
        if (result.State != "succeeded")
        {
            var log = await lake.Runs.ReadLogAsync(id, 0, 1000, CancellationToken.None);
            Assert.Fail($"{sync}: {result.State} {result.Error?.Code} {result.Error?.Message}\n{string.Join('\n', log.Select(l => l.Message))}");
        }

        return result;
    }

    public static async Task EqualAsync(this IngestionLake lake, string sync, long? rows = null)
    {
        var result = await lake.ReconcileAsync(sync);
        var differences = await lake.DifferencesAsync(result.Id);
        Assert.True(result.Verdict == "equal", $"{sync}: {result.Verdict}, {result.Missing} missing, {result.Extra} extra, {result.Changed} changed; {string.Join("; ", result.Notes)}\n{string.Join('\n', differences.Take(5))}");
        Assert.Equal(result.RowsSource, result.RowsLake);
        Assert.Empty(differences);
        if (rows is { } expected)
        {
            Assert.Equal(expected, result.RowsSource);
        }
    }

    public static Task<IReadOnlyList<ReconciliationDifference>> DifferencesAsync(this IngestionLake lake, string id) => lake.Lake.SendAsync(new ListDifferences(id, Limit: 1000));

    /// <summary>Upserts into a refined table by an own writer, without notes of any sync.</summary>
    /// <param name="select">SELECT with the table's columns and a column <c>gone</c>: true deletes.</param>
    public static async Task TamperAsync(this IngestionLake lake, string table, string select, params string[] key)
    {
        Assert.True(TableIdentifier.TryParse(table, out var identifier));
        await using var area = await lake.Lake.Services.GetRequiredService<ILakeWriter>().OpenStagingAsync(CancellationToken.None);
        await area.MergeAsync(identifier, select, key, "gone", new Dictionary<string, string>(), CancellationToken.None);
    }
}
