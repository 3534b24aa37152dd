using LakePortal.Ingestion.Capture.Reading;
using LakePortal.Ingestion.Capture.Slots;
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
        var logged = now?.Columns.Cast<PgColumn>().Where(c => !c.IsGenerated).ToList() ?? [];
        var isCurrent = logged.Count == relation.Columns.Count && logged.Zip(relation.Columns).All(p => IsSame(p.First, p.Second));
        var columns = new List<PgColumn>();
        foreach (var column in relation.Columns)
        {
            var known = logged.FirstOrDefault(c => IsSame(c, column));
            var number = isCurrent ? known!.Number : NumberBehind(captured, column.Name) ?? Free(known, columns) ?? -1;
            columns.Add(known is null
                ? new PgColumn(number, column.Name, await DisplayAsync(connection, column, cancellationToken), column.TypeOid, column.TypeModifier, column.IsKey, false)
                : known with { Number = number });
        }

        NumberRenamed(columns, Before(captured), now);

        var source = new PgTable
        {
            Oid = relation.Oid, Schema = relation.Schema, Name = relation.Name, Kind = now?.Kind ?? 'r', Columns = columns, Types = types,
            Key = KeyOf(relation, now), Rows = now?.Rows, Bytes = now?.Bytes ?? 0,
        };
        var sync = captured.Sync;
        var plan = TablePlan.For(source, ColumnChoices.Of(sync, SchemaPolicy.LeftOut(sync, captured.Landed, source), captured.LearnedText, captured.HashKey));
        var map = relation.Columns.Select(c => IndexOf(plan, c.Name)).ToList();
        var key = Key(sync.Key.Count > 0 ? sync.Key : source.Key, plan, relation, captured);
        var filled = now is null || captured.Landed is not { } landed ? [] : await FilledAsync(connection, now, landed, plan, cancellationToken);
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

    private static bool IsSame(PgColumn column, RelationColumn logged) => column.Name == logged.Name && column.TypeOid == logged.TypeOid && column.TypeModifier == logged.TypeModifier;

    /// <summary>The columns that the log had last, by name.</summary>
    private static List<(short Number, string Name)> Before(CapturedTable captured) => captured.Shape is { } shape
        ? [.. shape.Source.Columns.Where(c => c.Number > 0).Select(c => (c.Number, c.Name))]
        : [.. (captured.Landed?.Columns ?? []).Select(c => (c.Number, c.Source))];

    /// <summary>The log is behind the catalogs, which may use the name for another column by now: what the name stood for before in the log counts.</summary>
    private static short? NumberBehind(CapturedTable captured, string name) => Before(captured).Where(b => b.Name == name).Select(b => (short?)b.Number).FirstOrDefault();

    /// <summary>
    /// Names that neither the log before nor the catalogs know were given and taken away since. Columns come in the order of their numbers, and new ones last:
    /// they are the columns that are missing in their place, where as many are, and are still there now, or others follow.
    /// </summary>
    private static void NumberRenamed(List<PgColumn> columns, List<(short Number, string Name)> before, PgTable? now)
    {
        for (var i = 0; i < columns.Count; i++)
        {
            if (columns[i].Number > 0)
            {
                continue;
            }

            var neighbours = columns.Skip(i).TakeWhile(c => c.Number <= 0).Count();
            var from = columns.Take(i).Select(c => c.Number).DefaultIfEmpty((short)0).Max();
            var to = columns.Skip(i + neighbours).Where(c => c.Number > 0).Select(c => c.Number).DefaultIfEmpty(short.MaxValue).Min();
            var missing = before.Where(b => b.Number > from && b.Number < to && columns.All(c => c.Number != b.Number) && (to < short.MaxValue || now?.Columns.Any(c => c.Number == b.Number) == true)).Order().ToList();
            for (var n = 0; n < neighbours && missing.Count == neighbours; n++)
            {
                columns[i + n] = columns[i + n] with { Number = missing[n].Number };
            }

            i += neighbours - 1;
        }
    }

    private static short? Free(PgColumn? known, List<PgColumn> columns) => known is not null && columns.All(c => c.Number != known.Number) ? known.Number : null;

    /// <summary>
    /// A column that came with a default, or in place of another of its name, or of which nobody can tell whether it had another name before: rows that were
    /// there have a value without having been written.
    /// </summary>
    private static async Task<IReadOnlyList<LandedColumn>> FilledAsync(NpgsqlConnection connection, PgTable now, LandedTable landed, TablePlan plan, CancellationToken cancellationToken)
    {
        var added = LandedTable.Of(plan).Where(c => !landed.Has(c.Number)).ToList();
        var unknown = plan.Columns.Where(c => c.Source.Number <= 0).Select(c => new LandedColumn(c.Source.Number, c.LakeName, c.Source.Name)).ToList();
        if (added.Count == 0)
        {
            return unknown;
        }

        var watched = (await SourceWatch.ReadAsync(connection, [(now.Schema, now.Name)], cancellationToken)).Values.SingleOrDefault();
        return [.. unknown, .. added.Where(a => landed.Columns.Any(l => l.Name == a.Name) || watched?.Columns.Any(c => c.Number == a.Number && c.IsFilled) == true)];
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
