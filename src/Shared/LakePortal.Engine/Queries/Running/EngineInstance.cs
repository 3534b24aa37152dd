using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Queries.Binding;

namespace LakePortal.Engine.Queries.Running;

/// <summary>
/// A DuckDB database without tables that may touch files below some directories only and whose settings are locked. The gate is the wall; this
/// is the second one. Lives until it is retired and its last connection is given back.
/// </summary>
internal sealed class EngineInstance : IDisposable
{
    private readonly DuckDBConnection _root;
    private readonly string _tempDirectory;
    private readonly Lock _lock = new();
    private int _users;
    private bool _retired;
    private bool _closed;

    public EngineInstance(EngineOptions options, IReadOnlyList<string> directories)
    {
        Directories = directories;
        _tempDirectory = Path.Combine(options.TempDirectory ?? Path.GetTempPath(), "lakeportal-engine-" + Guid.NewGuid().ToString("N"));
        PrivateDirectory.Create(_tempDirectory);
        _root = new DuckDBConnection("DataSource=:memory:");
        _root.Open();
        var threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
        using var command = _root.CreateCommand();

        // DuckDB 1.5.6: its rule for row_number() over a group fails on BETWEEN below it ("Failed to cast expression to type").
        // Allowed directories must be set before access is taken away, and the lock comes last.
        command.CommandText = $"""
            SET memory_limit={SqlQuote.Text(options.MemoryLimit)};
            SET threads={threads.ToString(CultureInfo.InvariantCulture)};
            SET temp_directory={SqlQuote.Text(_tempDirectory)};
            SET max_temp_directory_size={SqlQuote.Text(options.MaxTempSize)};
            SET TimeZone='UTC';
            SET parquet_metadata_cache=true;
            SET disabled_optimizers='top_n_window_elimination';
            SET autoinstall_known_extensions=false;
            SET autoload_known_extensions=false;
            SET allow_community_extensions=false;
            SET allowed_directories={SqlQuote.List(directories.Select(d => d.TrimEnd('/') + "/"))};
            SET allowed_configs=['enable_progress_bar', 'enable_progress_bar_print'];
            SET enable_external_access=false;
            SET lock_configuration=true;
            """;
        command.ExecuteNonQuery();
    }

    public IReadOnlyList<string> Directories { get; }

    /// <returns>Null when the instance has been retired.</returns>
    public DuckDBConnection? TryConnect()
    {
        lock (_lock)
        {
            if (_retired)
            {
                return null;
            }

            _users++;
        }

        var connection = _root.Duplicate();
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SET enable_progress_bar=true; SET enable_progress_bar_print=false;";
        command.ExecuteNonQuery();
        return connection;
    }

    public void GiveBack(DuckDBConnection connection)
    {
        connection.Dispose();
        lock (_lock)
        {
            _users--;
            CloseIfDone();
        }
    }

    /// <summary>No new connections; the database and its spill files go when the last connection is given back.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _retired = true;
            CloseIfDone();
        }
    }

    private void CloseIfDone()
    {
        if (!_retired || _users > 0 || _closed)
        {
            return;
        }

        _closed = true;
        _root.Dispose();
        if (Directory.Exists(_tempDirectory))
        {
            Directory.Delete(_tempDirectory, recursive: true);
        }
    }
}
