using DuckDB.NET.Data;

namespace LakePortal.Engine.Queries.Running;

/// <summary>
/// Hands out connections to the engine. DuckDB fixes the directories of an instance once it is locked, so reading a table that lies elsewhere
/// (an adopted one) starts a new instance, and the old one ends with its last query.
/// </summary>
internal sealed class EngineHost(EngineOptions options) : IDisposable
{
    private readonly Lock _lock = new();
    private EngineInstance? _current;
    private bool _disposed;

    /// <summary>May be named in every statement: its directory is always among the readable ones.</summary>
    public EmptyFile EmptyFile { get; } = new(options);

    /// <param name="directories">Absolute directories that hold the files to be read.</param>
    public EngineConnection Connect(IEnumerable<string> directories)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var known = _current?.Directories ?? [.. options.DataDirectories.Select(Path.GetFullPath).Append(EmptyFile.Directory).Distinct(StringComparer.Ordinal)];
            var missing = directories.Where(d => !known.Any(k => IsBelow(d, k))).Distinct(StringComparer.Ordinal).ToList();
            if (_current is null || missing.Count > 0)
            {
                var next = new EngineInstance(options, [.. known, .. missing.Where(m => !missing.Any(o => o != m && IsBelow(m, o)))]);
                _current?.Dispose();
                _current = next;
            }

            var connection = _current.TryConnect() ?? throw new ObjectDisposedException(nameof(EngineHost));
            return new EngineConnection(_current, connection);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _current?.Dispose();
            EmptyFile.Dispose();
        }
    }

    private static bool IsBelow(string directory, string root) =>
        directory.Length >= root.TrimEnd('/').Length
        && (directory.TrimEnd('/') + "/").StartsWith(root.TrimEnd('/') + "/", StringComparison.Ordinal);
}

/// <summary>A connection of one statement, given back once.</summary>
internal sealed class EngineConnection(EngineInstance instance, DuckDBConnection connection) : IDisposable
{
    private EngineInstance? _instance = instance;

    public DuckDBConnection Connection { get; } = connection;

    public void Dispose() => Interlocked.Exchange(ref _instance, null)?.GiveBack(Connection);
}
