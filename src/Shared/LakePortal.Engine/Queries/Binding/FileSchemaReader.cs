using System.Collections.Concurrent;
using DuckDB.NET.Data;
using LakePortal.Engine.Queries.Analysis;
using LakePortal.Engine.Queries.Running;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>Reads the schemas of Parquet files. Data files never change, so what was read is kept.</summary>
internal sealed class FileSchemaReader(EngineHost host)
{
    private const int CacheLimit = 20_000;
    private readonly ConcurrentDictionary<string, FileSchema> _cache = new(StringComparer.Ordinal);

    public async Task<IReadOnlyDictionary<string, FileSchema>> ReadAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken)
    {
        // Taken out at once: somebody else may empty the cache meanwhile.
        var result = new Dictionary<string, FileSchema>(StringComparer.Ordinal);
        var missing = new List<string>();
        foreach (var path in paths.Distinct(StringComparer.Ordinal))
        {
            if (_cache.TryGetValue(path, out var known))
            {
                result.Add(path, known);
            }
            else
            {
                missing.Add(path);
            }
        }

        var read = missing.Count == 0 ? [] : await Task.Run(() => Load(missing), cancellationToken).ConfigureAwait(false);
        if (_cache.Count + read.Count > CacheLimit)
        {
            _cache.Clear();
        }

        foreach (var (path, schema) in read)
        {
            _cache[path] = schema;
            result.Add(path, schema);
        }

        return result;
    }

    private Dictionary<string, FileSchema> Load(List<string> paths)
    {
        using var connection = host.Connect(paths.Select(p => Path.GetDirectoryName(p) ?? "/"));
        using var command = connection.Connection.CreateCommand();
        command.CommandText =
            $"SELECT file_name, name, coalesce(num_children, 0), field_id FROM parquet_schema({SqlQuote.List(paths)}) ORDER BY file_name, column_id";
        try
        {
            using var reader = command.ExecuteReader();
            var rows = new List<(string File, string Name, long Children, int? Id)>();
            while (reader.Read())
            {
                rows.Add((reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.IsDBNull(3) ? null : (int)reader.GetInt64(3)));
            }

            return rows.GroupBy(r => r.File, StringComparer.Ordinal).ToDictionary(g => g.Key, g => Build([.. g]), StringComparer.Ordinal);
        }
        catch (DuckDBException e)
        {
            throw new TableUnreadableException(
                null, "A data file of one of the tables could not be read.", "The table's page shows whether its files are complete; the log has the details.", new DuckDBFailure(e.Message));
        }
    }

    private static FileSchema Build(List<(string File, string Name, long Children, int? Id)> rows)
    {
        // The root comes first, children follow their parent.
        var at = 0;
        return new FileSchema(Next().Children);

        FileField Next()
        {
            var row = rows[at++];
            var children = new List<FileField>();
            for (var i = 0; i < row.Children; i++)
            {
                children.Add(Next());
            }

            return new FileField(row.Name, row.Id, children);
        }
    }
}
