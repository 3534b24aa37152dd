using System.Globalization;
using DuckDB.NET.Data;

namespace LakePortal.Benchmarks.Sql;

/// <summary>
/// DuckDB as anybody would use it: views over Parquet files, default settings, but the memory, the processors and the cached footers that the
/// portal's engine has, too.
/// </summary>
internal sealed class PlainDuckDb : IDisposable
{
    // The portal's own default, see Engine:MemoryLimit.
    public const string MemoryLimit = "1GB";

    private readonly DuckDBConnection _connection = new("DataSource=:memory:");

    public PlainDuckDb()
    {
        _connection.Open();
        Execute($"SET memory_limit='{MemoryLimit}'");
        Execute("SET parquet_metadata_cache=true");
        Execute("CREATE SCHEMA refined");
    }

    public void Attach(string table, IReadOnlyList<string> files)
    {
        var list = string.Join(", ", files.Select(f => $"'{f.Replace("'", "''", StringComparison.Ordinal)}'"));
        Execute($"CREATE VIEW refined.{table} AS SELECT * FROM read_parquet([{list}])");
    }

    /// <summary>All rows, each value as DuckDB prints it; null is null.</summary>
    public IReadOnlyList<string?[]> Query(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<string?[]>();
        while (reader.Read())
        {
            var row = new string?[reader.FieldCount];
            for (var i = 0; i < row.Length; i++)
            {
                row[i] = reader.IsDBNull(i) ? null : Text(reader.GetValue(i));
            }

            rows.Add(row);
        }

        return rows;
    }

    public void Dispose() => _connection.Dispose();

    private static string Text(object value) => value switch
    {
        DateOnly date => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        DateTime moment => moment.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
