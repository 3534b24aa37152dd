using System.Globalization;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Schemas;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Syncs;

namespace LakePortal.Ingestion.Capture.Landing;

/// <summary><c>raw.&lt;sync&gt;__dead_letters</c>: changes that could not be applied, each with its place in the log, the reason, and what the row held.</summary>
internal sealed class DeadLetterTable(ITableCatalog catalog)
{
    private static readonly IReadOnlyList<NestedField> Fields =
    [
        new(0, "position", PrimitiveType.String, Required: true, Doc: "place in the source's log"),
        new(0, "op", PrimitiveType.String, Doc: "c insert, u update, d delete"),
        new(0, "txid", PrimitiveType.Long),
        new(0, "committed_at", PrimitiveType.TimestampTz),
        new(0, "reason", PrimitiveType.String),
        new(0, "payload", PrimitiveType.String, Doc: "the row's values as text, JSON"),
        new(0, "landed_at", PrimitiveType.TimestampTz),
        new(0, "replayed_at", PrimitiveType.TimestampTz, Doc: "when its row was found right"),
        new(0, "outcome", PrimitiveType.String, Doc: "replayed or settled; null: open"),
    ];

    public static TableIdentifier For(CapturedTable table) => For(table.Sync);

    public static TableIdentifier For(SyncDefinition sync) => new(sync.Raw.Namespace, $"{sync.Raw.Name}__dead_letters");

    /// <summary>Letters of transactions that are there already are not written again.</summary>
    public async Task WriteAsync(CapturedTable table, IReadOnlyList<DeadLetter> letters, LogPosition end, IStagingArea area, CancellationToken cancellationToken)
    {
        if (letters.Count == 0)
        {
            return;
        }

        var identifier = For(table);
        var existing = await catalog.FindAsync(identifier, cancellationToken)
            ?? await catalog.CreateAsync(new CreateTable(identifier, Fields, [], [], new Dictionary<string, string> { ["lakeportal.owner"] = "ingestion" }), cancellationToken);
        var known = table.Notes.Captured(existing)?.Sortable;
        var fresh = letters.Where(l => known is null || string.CompareOrdinal(l.Position, known) >= 0).ToList();
        if (fresh.Count == 0)
        {
            return;
        }

        await using var connection = area.OpenConnection();
        using (var create = connection.CreateCommand())
        {
            create.CommandText = "CREATE OR REPLACE TEMP TABLE dead_letters (position VARCHAR, op VARCHAR, txid BIGINT, committed_at TIMESTAMPTZ, reason VARCHAR, payload VARCHAR, landed_at TIMESTAMPTZ)";
            _ = create.ExecuteNonQuery();
        }

        foreach (var letter in fresh)
        {
            using var insert = connection.CreateCommand();
            insert.CommandText = $"INSERT INTO dead_letters VALUES ($1, $2, $3, TIMESTAMPTZ '{letter.CommittedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture)}+00', $4, $5, now())";
            insert.Parameters.Add(new(letter.Position));
            insert.Parameters.Add(new(letter.Operation));
            insert.Parameters.Add(new(letter.Xid));
            insert.Parameters.Add(new(letter.Reason));
            insert.Parameters.Add(new(letter.Payload));
            _ = insert.ExecuteNonQuery();
        }

        var files = await area.WriteFilesAsync(connection, $"SELECT *{(existing.Schema.Find("outcome") is null ? "" : ", NULL::TIMESTAMPTZ AS replayed_at, NULL::VARCHAR AS outcome")} FROM dead_letters", identifier, cancellationToken);
        _ = await area.CommitAppendAsync(identifier, files, table.Notes.ForCapture(end, null), cancellationToken);
    }
}
