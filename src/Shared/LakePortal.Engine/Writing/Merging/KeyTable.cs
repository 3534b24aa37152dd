using System.Globalization;
using LakePortal.Engine.Writing.Files;
using LakePortal.Iceberg;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Values;

namespace LakePortal.Engine.Writing.Merging;

/// <summary>The keys of a merge as a temporary table, checked: none null, none twice.</summary>
internal sealed class KeyTable
{
    public const string Name = "lakeportal_merge_keys";

    private const int ShownKeys = 5;
    private const int MostListedKeys = 200;

    private KeyTable(IReadOnlyList<NestedField> fields, Predicate? predicate, long count)
    {
        Fields = fields;
        Predicate = predicate;
        Count = count;
    }

    public IReadOnlyList<NestedField> Fields { get; }

    /// <summary>True for every row of the table that has one of the keys; null: says nothing.</summary>
    public Predicate? Predicate { get; }

    public long Count { get; }

    public static async Task<KeyTable> CreateAsync(MergeInput input, CancellationToken cancellationToken)
    {
        var target = input.Table.Identifier;
        var fields = Resolve(target, input.Table.Schema, input.Key);
        var sources = new List<string>();
        if (input.Files.Count > 0)
        {
            sources.Add($"SELECT {WriterSql.Names(fields.Select(f => f.Name))} FROM read_parquet({WriterSql.Texts(input.Files.Select(f => Locations.ToLocalPath(f.Path)))}, hive_partitioning = false)");
        }

        if (input.DeletedRows is not null)
        {
            var casts = fields.Select(f => $"CAST({WriterSql.Name(f.Name)} AS {DuckDbTypes.ToDuckDb(f.Type)}) AS {WriterSql.Name(f.Name)}");
            sources.Add($"SELECT {string.Join(", ", casts)} FROM ({input.DeletedRows}) AS d");
        }

        var rows = sources.Count > 0
            ? string.Join(" UNION ALL ", sources)
            : $"SELECT {string.Join(", ", fields.Select(f => $"CAST(NULL AS {DuckDbTypes.ToDuckDb(f.Type)}) AS {WriterSql.Name(f.Name)}"))} WHERE false";
        await DuckDbCommands.ExecuteAsync(input.Connection, $"CREATE OR REPLACE TEMP TABLE {Name} AS {rows}", cancellationToken);
        var count = await CheckAsync(input, fields, cancellationToken);
        return new KeyTable(fields, await PredicateAsync(input, fields, count, cancellationToken), count);
    }

    /// <summary>Puts the rows of a SELECT, which may read the table, in its place.</summary>
    public static Task ReplaceAsync(MergeInput input, string select, CancellationToken cancellationToken) => DuckDbCommands.ExecuteAsync(
        input.Connection,
        $"CREATE OR REPLACE TEMP TABLE {Name}_next AS {select}; DROP TABLE {Name}; ALTER TABLE {Name}_next RENAME TO {Name}", cancellationToken);

    public static Task DropAsync(MergeInput input) => DuckDbCommands.ExecuteAsync(input.Connection, $"DROP TABLE IF EXISTS {Name}", CancellationToken.None);

    private static List<NestedField> Resolve(TableIdentifier target, Schema schema, IReadOnlyList<string> key)
    {
        if (key.Count == 0)
        {
            throw new MergeKeyException(target, "no key columns are given", "Name the columns that identify a row, e.g. key: [order_id].");
        }

        var fields = new List<NestedField>();
        foreach (var name in key)
        {
            var field = schema.Fields.FirstOrDefault(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                ?? throw new MergeKeyException(target, $"the key column '{name}' does not exist", $"Columns are: {string.Join(", ", schema.Fields.Select(f => f.Name))}.");
            if (field.Type is not PrimitiveType { Kind: not (PrimitiveKind.Float or PrimitiveKind.Double) })
            {
                throw new MergeKeyException(target, $"the key column '{name}' is of type {TypeNames.Describe(field.Type)}", "Keys are whole numbers, decimals, texts, dates, times, booleans, uuids or binaries.");
            }

            fields.Add(field);
        }

        return fields;
    }

    /// <returns>How many keys there are.</returns>
    private static async Task<long> CheckAsync(MergeInput input, List<NestedField> fields, CancellationToken cancellationToken)
    {
        var counts = (await DuckDbCommands.QueryAsync(
            input.Connection, $"SELECT count(*), {string.Join(", ", fields.Select(f => $"count({WriterSql.Name(f.Name)})"))} FROM {Name}",
            r => Enumerable.Range(0, fields.Count + 1).Select(r.GetInt64).ToList(), cancellationToken))[0];
        for (var i = 0; i < fields.Count; i++)
        {
            if (counts[i + 1] < counts[0])
            {
                throw new MergeKeyException(input.Table.Identifier, $"{counts[0] - counts[i + 1]} rows have no value in the key column '{fields[i].Name}'", "Filter them, or choose a key that every row has.");
            }
        }

        var names = WriterSql.Names(fields.Select(f => f.Name));
        var shown = string.Join(" || ', ' || ", fields.Select(f => $"CAST({WriterSql.Name(f.Name)} AS VARCHAR)"));
        var twice = await DuckDbCommands.QueryAsync(
            input.Connection,
            $"SELECT {shown} || ' (' || count(*) || ' rows)' FROM {Name} GROUP BY {names} HAVING count(*) > 1 ORDER BY ALL LIMIT {ShownKeys.ToString(CultureInfo.InvariantCulture)}",
            r => r.GetString(0), cancellationToken);
        if (twice.Count > 0)
        {
            throw new MergeKeyException(
                input.Table.Identifier, $"some keys occur more than once: {string.Join("; ", twice)}", "Give an order by which the last row wins, or select each key once.");
        }

        return counts[0];
    }

    private static async Task<Predicate?> PredicateAsync(MergeInput input, IReadOnlyList<NestedField> fields, long count, CancellationToken cancellationToken)
    {
        Predicate? all = null;
        if (count == 0)
        {
            return all;
        }

        foreach (var field in fields)
        {
            // A binary's text is not its bytes; two values of a boolean prune nothing.
            var type = (PrimitiveType)field.Type;
            if (type.Kind is PrimitiveKind.Binary or PrimitiveKind.Fixed or PrimitiveKind.Boolean)
            {
                continue;
            }

            var name = WriterSql.Name(field.Name);
            var values = await DuckDbCommands.QueryAsync(
                input.Connection,
                count <= MostListedKeys
                    ? $"SELECT DISTINCT CAST({name} AS VARCHAR) FROM {Name}"
                    : $"SELECT CAST(unnest([min({name}), max({name})]) AS VARCHAR) FROM {Name}",
                r => StatisticText.Parse(type, r.GetString(0)), cancellationToken);
            if (values.Contains(null))
            {
                continue;
            }

            Predicate one = count <= MostListedKeys
                ? new Predicate.In(field.Id, [.. values.Select(v => v!)])
                : new Predicate.And(new Predicate.Compare(field.Id, CompareOp.GreaterOrEqual, values[0]!), new Predicate.Compare(field.Id, CompareOp.LessOrEqual, values[1]!));
            all = all is null ? one : new Predicate.And(all, one);
        }

        return all;
    }
}
