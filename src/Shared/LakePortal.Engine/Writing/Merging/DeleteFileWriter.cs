using System.Globalization;
using System.Text;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing.Files;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Engine.Writing.Merging;

/// <summary>Writes position delete files (specification, section "Position Delete Files"): sorted by path and position, with full bounds of both columns.</summary>
internal sealed class DeleteFileWriter(WriterOptions options)
{
    public const int PathFieldId = 2147483546;
    public const int PositionFieldId = 2147483545;

    /// <summary>Writes a file, which <see cref="FlushAsync"/> brings to the disk.</summary>
    /// <param name="connection">Has the positions.</param>
    /// <param name="positions">SELECT of <c>file_path</c> (location as in the manifest) and <c>pos</c>.</param>
    /// <param name="dataFiles">The data files, of one spec and partition, that the positions are of.</param>
    /// <param name="target">For the place.</param>
    /// <param name="files">Takes the file until it is committed.</param>
    /// <param name="cancellationToken">Stops DuckDB.</param>
    public async Task<ContentFile> WriteAsync(
        DuckDBConnection connection, string positions, IReadOnlyList<ContentFile> dataFiles, WriteTarget target, UncommittedFiles files, CancellationToken cancellationToken)
    {
        var prefix = files.Begin(target.DataLocation);
        var path = Path.Combine(target.LocalDirectory, $"{prefix}-deletes.parquet");
        var copied = (await DuckDbCommands.QueryAsync(
            connection,
            $"""
            COPY (SELECT file_path, pos FROM ({positions}) AS p ORDER BY file_path, pos) TO {WriterSql.Text(path)}
              (FORMAT parquet, COMPRESSION {options.Codec}, RETURN_STATS true, FIELD_IDS {"{"}file_path: {Id(PathFieldId)}, pos: {Id(PositionFieldId)}{"}"})
            """,
            CopiedFile.Read, cancellationToken))[0];
        var location = target.LocationOf(copied.LocalPath);
        files.Add(prefix, [location]);

        var paths = dataFiles.Select(f => Encoding.UTF8.GetBytes(f.Path)).ToList();
        paths.Sort((a, b) => a.AsSpan().SequenceCompareTo(b));
        var statistics = copied.Statistics["\"pos\""];
        return new ContentFile
        {
            Content = FileContent.PositionDeletes,
            Path = location,
            SpecId = dataFiles[0].SpecId,
            Partition = dataFiles[0].Partition,
            RecordCount = copied.Rows,
            FileSizeInBytes = copied.Bytes,
            ValueCounts = new Dictionary<int, long> { [PathFieldId] = copied.Rows, [PositionFieldId] = copied.Rows },
            NullValueCounts = new Dictionary<int, long> { [PathFieldId] = 0, [PositionFieldId] = 0 },
            LowerBounds = new Dictionary<int, byte[]> { [PathFieldId] = paths[0], [PositionFieldId] = Position(statistics["min"]) },
            UpperBounds = new Dictionary<int, byte[]> { [PathFieldId] = paths[^1], [PositionFieldId] = Position(statistics["max"]) },
            ReferencedDataFile = dataFiles.Count == 1 ? dataFiles[0].Path : null,
        };
    }

    /// <summary>All files of a merge at once: the disk orders its writes once instead of once for each.</summary>
    public static Task FlushAsync(IReadOnlyCollection<ContentFile> written, WriteTarget target, CancellationToken cancellationToken) =>
        DurableFiles.SyncAsync([.. written.Select(f => Locations.ToLocalPath(f.Path))], target.LocalDirectory, cancellationToken);

    /// <summary>The deletes are of this data file alone, so a newer delete file of the same data file can take their place.</summary>
    public static bool IsScopedTo(ContentFile delete, ContentFile data) => TargetOf(delete) == data.Path;

    /// <summary>The one data file that positions are of; null: possibly several.</summary>
    public static string? TargetOf(ContentFile delete) =>
        delete.ReferencedDataFile
        ?? (delete.LowerBounds?.GetValueOrDefault(PathFieldId) is { } lower && delete.UpperBounds?.GetValueOrDefault(PathFieldId) is { } upper && lower.AsSpan().SequenceEqual(upper)
            ? Encoding.UTF8.GetString(lower)
            : null);

    private static byte[] Position(string text) => SingleValue.Encode(PrimitiveType.Long, long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));

    private static string Id(int id) => id.ToString(CultureInfo.InvariantCulture);
}
