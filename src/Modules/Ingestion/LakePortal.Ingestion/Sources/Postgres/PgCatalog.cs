using Npgsql;

namespace LakePortal.Ingestion.Sources.Postgres;

/// <summary>Reads what a source holds from its catalogs.</summary>
internal static class PgCatalog
{
    public static Task<IReadOnlyList<PgTable>> ReadAllAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
        => ReadAsync(connection, null, null, cancellationToken);

    /// <returns>Null: there is no such table.</returns>
    public static async Task<PgTable?> ReadOneAsync(NpgsqlConnection connection, string schema, string name, CancellationToken cancellationToken)
        => (await ReadAsync(connection, schema, name, cancellationToken)).SingleOrDefault();

    /// <summary>
    /// Keeps TRUNCATE and rewriting DDL away until the transaction ends, as pg_dump does: those are not transactional for snapshots that are older.
    /// Partitions and inheritors are locked with their root. No effect for views, which have nothing of their own to rewrite.
    /// </summary>
    public static async Task LockAsync(NpgsqlConnection connection, PgTable table, CancellationToken cancellationToken)
    {
        if (LockSql(table) is { } sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            _ = await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <returns>Null: there is nothing to lock.</returns>
    public static string? LockSql(PgTable table) => table.Kind is 'r' or 'p' ? $"LOCK TABLE {table.Sql} IN ACCESS SHARE MODE" : null;

    public static async Task<IReadOnlyList<PgHeap>> ReadHeapsAsync(NpgsqlConnection connection, uint table, CancellationToken cancellationToken)
    {
        var heaps = new List<PgHeap>();
        await using var command = new NpgsqlCommand(PgCatalogSql.Heaps, connection) { Parameters = { new() { Value = table, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            heaps.Add(new PgHeap(reader.GetFieldValue<uint>(0), reader.GetString(1), reader.GetString(2), reader.GetChar(3),
                reader.IsDBNull(4) ? 0 : reader.GetFieldValue<uint>(4), reader.IsDBNull(5) ? 0 : reader.GetInt64(5), reader.GetDouble(6), reader.GetBoolean(7), reader.GetBoolean(8), reader.GetBoolean(9)));
        }

        return heaps;
    }

    private static async Task<IReadOnlyList<PgTable>> ReadAsync(NpgsqlConnection connection, string? schema, string? name, CancellationToken cancellationToken)
    {
        var bare = new List<PgTable>();
        await using (var command = new NpgsqlCommand(PgCatalogSql.Tables, connection)
        {
            Parameters = { new() { Value = (object?)schema ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text }, new() { Value = (object?)name ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text } },
        })
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                bare.Add(new PgTable
                {
                    Oid = reader.GetFieldValue<uint>(0), Schema = reader.GetString(1), Name = reader.GetString(2), Kind = reader.GetChar(3),
                    Rows = reader.IsDBNull(4) ? null : (long)reader.GetDouble(4), Bytes = reader.GetInt64(5),
                    ChangesPerHour = reader.IsDBNull(6) ? null : reader.GetDouble(6), HasInheritors = reader.GetBoolean(7), CanRead = reader.GetBoolean(8),
                    Columns = [], Key = [], Types = new Dictionary<uint, PgType>(),
                });
            }
        }

        var oids = bare.Select(t => t.Oid).ToArray();
        var columns = (await ReadColumnsAsync(connection, oids, cancellationToken)).ToLookup(c => c.Table, c => c.Column);
        var types = await ReadTypesAsync(connection, PgCatalogSql.Types, oids, cancellationToken);
        var keys = await ReadKeysAsync(connection, oids, cancellationToken);
        return [.. bare.Select(t => t with
        {
            Columns = [.. columns[t.Oid]],
            Types = types,
            Key = t.HasInheritors ? [] : keys.GetValueOrDefault(t.Oid, []),
        })];
    }

    private static async Task<List<(uint Table, PgColumn Column)>> ReadColumnsAsync(NpgsqlConnection connection, uint[] tables, CancellationToken cancellationToken)
    {
        var result = new List<(uint, PgColumn)>();
        await using var command = OidsCommand(PgCatalogSql.Columns, connection, tables);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            result.Add((reader.GetFieldValue<uint>(0), new PgColumn(
                reader.GetInt16(1), reader.GetString(2), reader.GetString(3), reader.GetFieldValue<uint>(4), reader.GetInt32(5), reader.GetBoolean(6), reader.GetBoolean(7))));
        }

        return result;
    }

    /// <summary>Types with the bases of domains and the elements of arrays. A type that is gone is taken for text, which is what it is sent as.</summary>
    public static async Task<IReadOnlyDictionary<uint, PgType>> ReadTypesByOidAsync(NpgsqlConnection connection, uint[] types, CancellationToken cancellationToken)
    {
        var known = await ReadTypesAsync(connection, PgCatalogSql.TypesByOid, types, cancellationToken);
        foreach (var gone in types.Where(t => !known.ContainsKey(t)))
        {
            known[gone] = new PgType(gone, "pg_catalog", "text", 'b', 0, -1, 0, false);
        }

        return known;
    }

    private static async Task<Dictionary<uint, PgType>> ReadTypesAsync(NpgsqlConnection connection, string sql, uint[] oids, CancellationToken cancellationToken)
    {
        var result = new Dictionary<uint, PgType>();
        await using var command = OidsCommand(sql, connection, oids);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var oid = reader.GetFieldValue<uint>(0);
            result[oid] = new PgType(oid, reader.GetString(1), reader.GetString(2), reader.GetChar(3), reader.GetFieldValue<uint>(4),
                reader.GetInt32(5), reader.GetFieldValue<uint>(6), reader.GetBoolean(7));
        }

        return result;
    }

    private static async Task<Dictionary<uint, IReadOnlyList<string>>> ReadKeysAsync(NpgsqlConnection connection, uint[] tables, CancellationToken cancellationToken)
    {
        var result = new Dictionary<uint, IReadOnlyList<string>>();
        await using var command = OidsCommand(PgCatalogSql.Keys, connection, tables);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            result[reader.GetFieldValue<uint>(0)] = reader.GetFieldValue<string[]>(1);
        }

        return result;
    }

    private static NpgsqlCommand OidsCommand(string sql, NpgsqlConnection connection, uint[] oids) => new(sql, connection)
    {
        Parameters = { new() { Value = oids, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Oid } },
    };
}
