using System.Globalization;
using DuckDB.NET.Data;

namespace LakePortal.Engine.Writing;

/// <summary>An in-memory DuckDB database of its own limits, which spills into a private folder that goes when it does.</summary>
internal sealed class PrivateDatabase : IAsyncDisposable
{
    private readonly string _temp;

    private PrivateDatabase(DuckDBConnection connection, string temp)
    {
        Connection = connection;
        _temp = temp;
    }

    public DuckDBConnection Connection { get; }

    public static PrivateDatabase Open(WriterOptions options)
    {
        var temp = Path.Combine(options.TempDirectory ?? Path.GetTempPath(), $"lakeportal-staging-{Guid.CreateVersion7():N}");
        Directory.CreateDirectory(temp);
        var connection = new DuckDBConnection("Data Source=:memory:");
        try
        {
            connection.Open();
            var threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;

            // The calendar of a timestamp with time zone is UTC's everywhere; nothing is fetched from the network.
            DuckDbCommands.Execute(connection, $"""
                SET memory_limit = {WriterSql.Text(options.MemoryLimit)};
                SET threads = {threads.ToString(CultureInfo.InvariantCulture)};
                SET temp_directory = {WriterSql.Text(temp)};
                SET max_temp_directory_size = {WriterSql.Text(options.MaxTempSize)};
                SET partitioned_write_max_open_files = {options.MaxOpenPartitions.ToString(CultureInfo.InvariantCulture)};
                SET TimeZone = 'UTC';
                SET autoinstall_known_extensions = false;
                SET autoload_known_extensions = false;
                """);
            return new PrivateDatabase(connection, temp);
        }
        catch
        {
            connection.Dispose();
            Directory.Delete(temp, recursive: true);
            throw;
        }
    }

    public DuckDBConnection OpenConnection()
    {
        var connection = Connection.Duplicate();
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        if (Directory.Exists(_temp))
        {
            Directory.Delete(_temp, recursive: true);
        }
    }
}
