using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DuckDB.NET.Data;
using LakePortal.Engine.Native;
using LakePortal.Iceberg;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing.Merging.Index;

/// <param name="Indexed">Files of which an index gave the positions; deleted rows are among them.</param>
/// <param name="Scanned">Files whose keys must be read.</param>
/// <param name="IsExact">The positions are those of the keys; else some may be of other keys with equal hashes.</param>
internal sealed record FoundRows(IReadOnlyList<(FileScanTask Task, IReadOnlyList<long> Positions)> Indexed, IReadOnlyList<FileScanTask> Scanned, bool IsExact)
{
    public IEnumerable<FileScanTask> Tasks => Indexed.Select(i => i.Task).Concat(Scanned);
}

/// <summary>
/// Finds keys in data files by an index of each. A data file never changes, so its index is right for every snapshot that has the file, whoever committed it: what is missing,
/// damaged or of other key columns is made from the data file, and which rows are live is told by the snapshot's delete files alone.
/// </summary>
internal sealed class KeyIndexes(WriterOptions options)
{
    public const string Folder = "index";
    public const string Extension = ".keys";

    // Codes of a merge are held in memory; and once a merge is a good part of the table, one scan is faster than many look-ups.
    private const long MostKeys = 2_000_000;
    private const long RowsPerKey = 32;
    private const int FilesBetweenCleanups = 200;

    private static readonly Meter Meter = new("LakePortal.Engine.Merging");
    private static readonly Counter<long> Built = Meter.CreateCounter<long>("lakeportal.key_index.files_built");
    private static readonly Counter<long> Failed = Meter.CreateCounter<long>("lakeportal.key_index.failures", description: "Indexes that were damaged or could not be written; the keys were read instead.");

    private readonly KeyIndexCache _cache = new();
    private readonly ConcurrentDictionary<string, int> _made = new(StringComparer.Ordinal);

    /// <summary>Why an index was of no use last; null: none was.</summary>
    public Exception? LastFailure { get; private set; }

    public async Task<FoundRows> FindAsync(Table table, DuckDBConnection connection, ScanPlan plan, KeyTable keys, CancellationToken cancellationToken)
    {
        var rows = plan.Tasks.Sum(t => t.File.RecordCount);
        var coding = KeyCoding.Of(keys.Fields);
        if (rows < options.KeyIndexMinRows || keys.Count > MostKeys || keys.Count * RowsPerKey > rows)
        {
            return new FoundRows([], plan.Tasks, coding.IsExact);
        }

        var codes = await CodesAsync(connection, coding, keys, cancellationToken);
        var folder = Path.Combine(Locations.ToLocalPath(table.Metadata.Location), Folder);
        List<(FileScanTask, IReadOnlyList<long>)> indexed = [];
        List<FileScanTask> scanned = [];
        long built = 0;
        foreach (var task in plan.Tasks.OrderBy(t => t.File.RecordCount))
        {
            var (path, identity) = Name(folder, coding, task.File);
            var found = Find(path, identity, coding, codes);
            if (found is null && task.File.RecordCount <= uint.MaxValue && (built == 0 || built + task.File.RecordCount <= options.KeyIndexRowsPerMerge)
                && await BuildAsync(connection, path, identity, coding, keys, task, cancellationToken))
            {
                built += task.File.RecordCount;
                found = Find(path, identity, coding, codes);
            }

            if (found is null)
            {
                scanned.Add(task);
            }
            else if (found.Count > 0)
            {
                indexed.Add((task, found));
            }
        }

        if (built > 0)
        {
            await CleanUpAsync(table, folder, coding, cancellationToken);
        }

        return new FoundRows(indexed, scanned, coding.IsExact);
    }

    private static async Task<KeyCode[]> CodesAsync(DuckDBConnection connection, KeyCoding coding, KeyTable keys, CancellationToken cancellationToken)
    {
        var codes = new List<KeyCode>(checked((int)keys.Count));
        var sql = $"SELECT {coding.Columns(i => WriterSql.Name(keys.Fields[i].Name))} FROM {KeyTable.Name}";
        await DuckDbCommands.RunAsync(
            connection,
            () =>
            {
                KeyReader.Read(connection, sql, hasPositions: false, (chunk, _) => codes.AddRange(chunk));
                return codes.Count;
            },
            cancellationToken);
        var sorted = codes.ToArray();
        Array.Sort(Array.ConvertAll(sorted, c => c.Place), sorted);
        return sorted;
    }

    /// <returns>Null: there is no index to ask.</returns>
    private List<long>? Find(string path, ulong identity, KeyCoding coding, KeyCode[] codes)
    {
        try
        {
            var index = _cache.Find(path);
            if (index is null)
            {
                index = KeyIndexFile.Open(path, identity, coding.Width);
                if (index is null)
                {
                    return null;
                }

                _cache.Put(path, index);
            }

            var found = new List<long>();
            index.Find(codes, found);
            return found;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _cache.Remove(path);
            Fail(e);
            return null;
        }
    }

    private async Task<bool> BuildAsync(DuckDBConnection connection, string path, ulong identity, KeyCoding coding, KeyTable keys, FileScanTask task, CancellationToken cancellationToken)
    {
        var scan = LiveRows.Scan([Locations.ToLocalPath(task.File.Path)], keys.Fields);
        var sql = $"SELECT {coding.Columns(LiveRows.Alias)}, CAST(file_row_number AS BIGINT) FROM ({scan}) AS r";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await DuckDbCommands.RunAsync(
                connection,
                () =>
                {
                    KeyIndexWriter.Write(path, identity, coding.Width, task.File.RecordCount, KeyIndexWriter.RowsPerPass, take => KeyReader.Read(connection, sql, hasPositions: true, take));
                    return 0;
                },
                cancellationToken);
            _cache.Remove(path);
            Built.Add(1);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NativeCallException)
        {
            // The merge does not need the index: the keys are read, and whatever is wrong with the data file itself shows there.
            Fail(e);
            return false;
        }
    }

    /// <summary>Removes indexes of data files that are gone, now and then.</summary>
    private async Task CleanUpAsync(Table table, string folder, KeyCoding coding, CancellationToken cancellationToken)
    {
        if (_made.AddOrUpdate(folder, 1, (_, n) => n + 1) % FilesBetweenCleanups != 0)
        {
            return;
        }

        var live = (await table.ListFilesAsync(SnapshotSelector.Current, cancellationToken))
            .Where(f => f.Content == FileContent.Data).Select(f => Name(folder, coding, f).Path).ToHashSet(StringComparer.Ordinal);
        try
        {
            foreach (var gone in Directory.EnumerateFiles(folder).Where(f => !live.Contains(f)))
            {
                _cache.Remove(gone);
                File.Delete(gone);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(e);
        }
    }

    private void Fail(Exception e)
    {
        LastFailure = e;
        Failed.Add(1);
    }

    /// <summary>Where the index of a data file is, and what its header must say.</summary>
    internal static (string Path, ulong Identity) Name(string folder, KeyCoding coding, ContentFile file)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{coding.Signature}\n{file.Path}\n{file.FileSizeInBytes}\n{file.RecordCount}");
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        return (Path.Combine(folder, Convert.ToHexStringLower(hash.AsSpan(0, 16)) + Extension), BinaryPrimitives.ReadUInt64LittleEndian(hash.AsSpan(16)));
    }
}
