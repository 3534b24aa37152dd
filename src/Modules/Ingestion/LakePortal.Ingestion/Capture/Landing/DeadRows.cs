using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Scans;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Capture.Landing;

/// <summary>
/// Rows of which a change is a dead letter. What it wrote is not in the lake, so a later change that leaves such a value out must not take the older one: it
/// becomes a dead letter as well.
/// </summary>
internal sealed class DeadRows(ITableCatalog catalog)
{
    /// <summary>An update that is a dead letter; a change that leaves out what one has written.</summary>
    public const string Dead = "x";

    /// <summary>A row that never came to the lake.</summary>
    public const string DeadCreated = "X";

    /// <summary>A change at or behind the position is a dead letter.</summary>
    public async Task<bool> HasSinceAsync(CapturedTable table, LogPosition from, IStagingArea area, CancellationToken cancellationToken)
    {
        if (await catalog.FindAsync(DeadLetterTable.For(table), cancellationToken) is not { Metadata.CurrentSnapshot: not null } letters)
        {
            return false;
        }

        await using var connection = area.OpenConnection();
        await area.CopyTableAsync(connection, letters.Identifier, null, $"position >= '{from.Sortable}'", "later_letters", cancellationToken);
        var count = Scalar(connection, "SELECT count(*) FROM later_letters");
        Execute(connection, "DROP TABLE later_letters");
        return count is > 0L;
    }

    /// <summary>Adds the dead letters of the wanted keys, and what raw has had of these rows since.</summary>
    /// <param name="table">The table.</param>
    /// <param name="fresh">Dead letters among the changes themselves.</param>
    /// <param name="wanted">SELECT of keys.</param>
    /// <param name="changes">The staged changes.</param>
    /// <param name="past">Table with the lake's columns, <c>lp_op</c>, <c>lp_pos</c> and <c>lp_unchanged</c>.</param>
    public async Task AddAsync(
        CapturedTable table, IReadOnlyList<DeadLetter> fresh, string wanted, string changes, string past, IReadOnlyList<string> columns, IReadOnlyList<string> key, IStagingArea area, DuckDBConnection connection,
        CancellationToken cancellationToken)
    {
        var letters = await catalog.FindAsync(DeadLetterTable.For(table), cancellationToken) is { Metadata.CurrentSnapshot: not null } found ? found : null;
        if (letters is null && fresh.Count == 0)
        {
            return;
        }

        var all = $"{past}_letters";
        Execute(connection, $"CREATE OR REPLACE TABLE {all} (position VARCHAR, op VARCHAR, payload VARCHAR)");
        if (letters is not null)
        {
            await area.CopyTableAsync(connection, letters.Identifier, null, null, $"{all}_kept", cancellationToken);
            Execute(connection, $"INSERT INTO {all} SELECT position, op, payload FROM {all}_kept; DROP TABLE {all}_kept");
        }

        foreach (var letter in fresh)
        {
            using var insert = connection.CreateCommand();
            insert.CommandText = $"INSERT INTO {all} VALUES ($1, $2, $3)";
            insert.Parameters.Add(new(letter.Position));
            insert.Parameters.Add(new(letter.Operation));
            insert.Parameters.Add(new(letter.Payload));
            _ = insert.ExecuteNonQuery();
        }

        var types = await TypesAsync(connection, changes, cancellationToken);
        var keys = string.Join(", ", key.Select(k => $"TRY_CAST(json_extract_string(payload, {PgSql.Literal($"/{k.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}")}) AS {types[k]}) AS {PgSql.Quote(k)}"));
        var names = ChangeSql.Names(key);
        var others = columns.Except(key).Select(PgSql.Literal).ToList();
        var unchanged = others.Count == 0 ? "NULL::VARCHAR[]" : $"list_filter([{string.Join(", ", others)}], lambda c: NOT list_contains(json_keys(payload), c))";
        Execute(connection, $"""
            CREATE OR REPLACE TABLE {past}_dead AS
            SELECT * FROM (SELECT DISTINCT {keys}, CASE op WHEN 'c' THEN '{DeadCreated}' ELSE '{Dead}' END AS lp_op, position AS lp_pos, {unchanged} AS lp_unchanged FROM {all} WHERE op <> 'd') AS l
            SEMI JOIN ({wanted}) AS w USING ({names});
            DROP TABLE {all}
            """);
        var (first, begin) = (Scalar(connection, $"SELECT min(lp_pos) FROM {past}_dead") as string, Scalar(connection, $"SELECT min(lp_pos) FROM {changes}") as string);
        if (first is not null && begin is not null && string.CompareOrdinal(first, begin) < 0)
        {
            var raw = await catalog.LoadAsync(table.Sync.Raw, cancellationToken);
            var position = raw.Schema.Find("_position") ?? throw new InvalidOperationException($"{raw.Identifier} has no _position.");
            await area.CopyTableAsync(
                connection, raw.Identifier, new Predicate.Compare(position.Id, CompareOp.GreaterOrEqual, first), string.Create(CultureInfo.InvariantCulture, $"\"_position\" >= '{first}' AND \"_position\" < '{begin}'"), $"{past}_raw",
                cancellationToken);
            var present = columns.Where(c => raw.Schema.Find(c) is not null);
            Execute(connection, $"""
                INSERT INTO {past} BY NAME SELECT {ChangeSql.Names(present)}, "_op" AS lp_op, "_position" AS lp_pos, "_unchanged" AS lp_unchanged FROM {past}_raw SEMI JOIN {past}_dead USING ({names});
                DROP TABLE {past}_raw
                """);
        }

        Execute(connection, $"INSERT INTO {past} BY NAME SELECT * FROM {past}_dead; DROP TABLE {past}_dead");
    }

    /// <summary>Takes the changes out that leave out what a dead letter has written.</summary>
    public static async Task<IReadOnlyList<DeadLetter>> TakeAsync(DuckDBConnection connection, string changes, IReadOnlyList<string> columns, CancellationToken cancellationToken)
    {
        var values = string.Join(", ", columns.Select(c => $"{{'name': {PgSql.Literal(c)}, 'v': CAST({PgSql.Quote(c)} AS VARCHAR)}}"));
        var letters = new List<DeadLetter>();
        await using (var command = connection.CreateCommand())
        {
            command.CommandText = $$"""
                SELECT lp_pos, CASE WHEN lp_moved IS NULL THEN 'u' ELSE 'c' END, lp_xid, lp_committed, array_to_string(lp_unchanged, ', '),
                  CAST(to_json(map_from_entries(list_transform(list_filter([{{values}}], lambda e: NOT list_contains(lp_unchanged, e.name)), lambda e: {'k': e.name, 'v': e.v}))) AS VARCHAR)
                FROM {{changes}} WHERE lp_op = '{{Dead}}' ORDER BY lp_pos
                """;
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                letters.Add(new DeadLetter(
                    reader.GetString(0), reader.GetString(1), reader.GetInt64(2), new DateTimeOffset(DateTime.SpecifyKind(reader.GetDateTime(3), DateTimeKind.Utc)),
                    $"The change leaves out {reader.GetString(4)}, which a dead letter of the same row wrote before.", reader.GetString(5)));
            }
        }

        if (letters.Count > 0)
        {
            Execute(connection, $"DELETE FROM {changes} WHERE lp_op = '{Dead}'");
        }

        return letters;
    }

    private static async Task<Dictionary<string, string>> TypesAsync(DuckDBConnection connection, string table, CancellationToken cancellationToken)
    {
        var types = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT column_name, column_type FROM (DESCRIBE {table})";
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            types[reader.GetString(0)] = reader.GetString(1);
        }

        return types;
    }

    private static object? Scalar(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() is { } value and not DBNull ? value : null;
    }

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }
}
