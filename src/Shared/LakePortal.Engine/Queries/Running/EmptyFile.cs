using DuckDB.NET.Data;
using LakePortal.Engine.Queries.Binding;

namespace LakePortal.Engine.Queries.Running;

/// <summary>
/// A Parquet file without rows. DuckDB reads a list of files with all its threads, but a single one whose schema is given with one thread only,
/// because it plans by row groups and does not open the file before. A lone large file therefore gets this one as company.
/// </summary>
internal sealed class EmptyFile(EngineOptions options) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly string _path = System.IO.Path.Combine(
        System.IO.Path.GetFullPath(options.TempDirectory ?? System.IO.Path.GetTempPath()), "lakeportal-engine-" + Guid.NewGuid().ToString("N"), "no-rows.parquet");

    public string Directory => System.IO.Path.GetDirectoryName(_path)!;

    /// <summary>Of a file that exists: it is made at the first wish, and again when a cleaner of temporary files has taken it.</summary>
    public string Path
    {
        get
        {
            lock (_lock)
            {
                if (!File.Exists(_path))
                {
                    Write();
                }
            }

            return _path;
        }
    }

    public void Dispose()
    {
        if (System.IO.Directory.Exists(Directory))
        {
            System.IO.Directory.Delete(Directory, recursive: true);
        }
    }

    private void Write()
    {
        PrivateDirectory.Create(Directory);
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        // No table has a column of this name, so none of its columns is ever taken for this one.
        command.CommandText = $"COPY (SELECT 1 AS \"\u0001none\" WHERE false) TO {SqlQuote.Text(_path)} (FORMAT parquet)";
        command.ExecuteNonQuery();
    }
}
