using DuckDB.NET.Data;

namespace LakePortal.Engine.Writing;

/// <summary>Runs the writer's own statements off the caller's thread, stopping DuckDB when the caller cancels.</summary>
internal static class DuckDbCommands
{
    private static readonly TimeSpan InterruptEvery = TimeSpan.FromMilliseconds(20);

    public static Task<int> ExecuteAsync(DuckDBConnection connection, string sql, CancellationToken cancellationToken) =>
        RunAsync(connection, () => Execute(connection, sql), cancellationToken);

    public static int Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }

    public static Task<List<T>> QueryAsync<T>(DuckDBConnection connection, string sql, Func<DuckDBDataReader, T> read, CancellationToken cancellationToken) =>
        RunAsync(connection, () => Query(connection, sql, read), cancellationToken);

    public static List<T> Query<T>(DuckDBConnection connection, string sql, Func<DuckDBDataReader, T> read)
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
    }

    /// <summary>Runs work on a connection off the caller's thread; cancelled, it is interrupted and at rest before this returns.</summary>
    public static async Task<T> RunAsync<T>(DuckDBConnection connection, Func<T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var running = Task.Run(work, CancellationToken.None);
        try
        {
            return await running.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (!running.IsCompleted)
        {
            // The connection must be at rest before anybody goes on. An interrupt between two statements is lost: say it again until it is heard.
            while (!running.IsCompleted)
            {
                connection.NativeConnection.Interrupt();
                await Task.WhenAny(running, Task.Delay(InterruptEvery, CancellationToken.None));
            }

            _ = running.Exception;
            throw;
        }
    }
}
