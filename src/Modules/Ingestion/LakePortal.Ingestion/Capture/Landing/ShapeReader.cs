using LakePortal.Ingestion.Capture.Reading;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace LakePortal.Ingestion.Capture.Landing;

/// <summary>From the log's word on a table, and what the catalogs know of its types, to how its rows become the lake's.</summary>
internal static class ShapeReader
{
    /// <exception cref="CaptureHeldException">Its changes cannot be followed as they are.</exception>
    public static async Task<TableShape> ReadAsync(NpgsqlConnection connection, CapturedTable captured, Relation relation, CancellationToken cancellationToken)
    {
        var now = await PgCatalog.ReadOneAsync(connection, relation.Schema, relation.Name, cancellationToken);
        var types = await PgCatalog.ReadTypesByOidAsync(connection, [.. relation.Columns.Select(c => c.TypeOid)], cancellationToken);
        var columns = new List<PgColumn>();
        foreach (var column in relation.Columns)
        {
            // The catalogs may be ahead of the log: a column counts as the same when name and type are.
            var known = now?.Columns.FirstOrDefault(c => c.Name == column.Name && c.TypeOid == column.TypeOid && c.TypeModifier == column.TypeModifier);
            columns.Add(known ?? new PgColumn(-1, column.Name, await DisplayAsync(connection, column, cancellationToken), column.TypeOid, column.TypeModifier, column.IsKey, false));
        }

        var source = new PgTable
        {
            Oid = relation.Oid, Schema = relation.Schema, Name = relation.Name, Kind = now?.Kind ?? 'r', Columns = columns, Types = types,
            Key = KeyOf(relation, now), Rows = now?.Rows, Bytes = now?.Bytes ?? 0,
        };
        var sync = captured.Sync;
        var text = new Dictionary<string, string>(captured.LearnedText, StringComparer.Ordinal);
        foreach (var column in sync.Text)
        {
            text[column] = "text by configuration";
        }

        var plan = TablePlan.For(source, new ColumnChoices(sync.Exclude.ToHashSet(StringComparer.Ordinal), sync.Hash.ToHashSet(StringComparer.Ordinal), text) { HashKey = captured.HashKey });
        var map = relation.Columns.Select(c => IndexOf(plan, c.Name)).ToList();
        var key = Key(sync.Key.Count > 0 ? sync.Key : source.Key, plan, relation, captured);
        var filled = now is null ? [] : await FilledAsync(connection, now, captured.Shape, plan, cancellationToken);
        return new TableShape(relation, plan, map, key) { Source = source, FilledBehindTheLog = filled };
    }

    private static IReadOnlyList<string> KeyOf(Relation relation, PgTable? now) => relation.Identity switch
    {
        'd' or 'i' => [.. relation.Columns.Where(c => c.IsKey).Select(c => c.Name)],
        _ when now is not null && now.Key.All(k => relation.Columns.Any(c => c.Name == k)) => now.Key,
        _ => [],
    };

    private static List<string> Key(IReadOnlyList<string> wanted, TablePlan plan, Relation relation, CapturedTable captured)
    {
        foreach (var name in wanted)
        {
            if (plan.Find(name) is null)
            {
                throw new CaptureHeldException(captured.Name, $"The column '{name}' of the key of {relation.Display} is not loaded, so rows cannot be told apart.",
                    "Load it (columns.exclude), or give the sync another key.");
            }

            if (relation.Identity != 'f' && relation.Columns.First(c => c.Name == name) is { IsKey: false })
            {
                throw new CaptureHeldException(captured.Name, $"The log of {relation.Display} does not say which rows change by the key column '{name}'.",
                    $"ALTER TABLE {PgSql.Qualified(relation.Schema, relation.Name)} REPLICA IDENTITY FULL; or leave out 'key' to use the primary key.");
            }
        }

        return [.. wanted.Select(k => plan.Find(k)!.LakeName)];
    }

    /// <summary>A column that came with a default: rows that were there have it without having been written.</summary>
    private static async Task<IReadOnlyList<string>> FilledAsync(NpgsqlConnection connection, PgTable now, TableShape? before, TablePlan plan, CancellationToken cancellationToken)
    {
        var added = before is null ? [] : plan.Columns.Where(c => c.Source.Number > 0 && before.Plan.Columns.All(b => b.Source.Number != c.Source.Number)).Select(c => c.Source.Number).ToArray();
        if (added.Length == 0)
        {
            return [];
        }

        await using var command = new NpgsqlCommand(PgCatalogSql.Defaults, connection)
        {
            Parameters = { new() { Value = now.Oid, NpgsqlDbType = NpgsqlDbType.Oid }, new() { Value = added } },
        };
        return (string[]?)await command.ExecuteScalarAsync(cancellationToken) ?? [];
    }

    private static async Task<string> DisplayAsync(NpgsqlConnection connection, RelationColumn column, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(PgCatalogSql.FormatType, connection)
        {
            Parameters = { new() { Value = column.TypeOid, NpgsqlDbType = NpgsqlDbType.Oid }, new() { Value = column.TypeModifier } },
        };
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static int IndexOf(TablePlan plan, string name)
    {
        for (var i = 0; i < plan.Columns.Count; i++)
        {
            if (plan.Columns[i].Source.Name == name)
            {
                return i;
            }
        }

        return -1;
    }
}
