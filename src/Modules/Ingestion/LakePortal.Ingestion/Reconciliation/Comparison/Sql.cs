using DuckDB.NET.Data;

namespace LakePortal.Ingestion.Reconciliation.Comparison;

/// <summary>Statements of the program on its private database.</summary>
internal static class Sql
{
    public static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }

    public static Task ExecuteAsync(DuckDBConnection connection, string sql, CancellationToken cancellationToken) =>
        RunAsync(connection, () => { Execute(connection, sql); return true; }, cancellationToken);

    public static Task<List<T>> QueryAsync<T>(DuckDBConnection connection, string sql, Func<DuckDBDataReader, T> read, CancellationToken cancellationToken) => RunAsync(connection, () =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }, cancellationToken);

    public static string? Text(this DuckDBDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    public static string Literal(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";

    private static async Task<T> RunAsync<T>(DuckDBConnection connection, Func<T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var interrupt = cancellationToken.Register(() => DuckDB.NET.Native.NativeMethods.Startup.DuckDBInterrupt(connection.NativeConnection));
        try
        {
            return await Task.Run(work, CancellationToken.None);
        }
        catch (DuckDBException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
