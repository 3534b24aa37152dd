using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing.Partitions;
using LakePortal.Engine.Writing.Types;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing.Files;

/// <summary>
/// Writes rows as data files by DuckDB's COPY: explicit casts to the schema, field ids everywhere, one set of files per partition, metrics
/// from the writer's own statistics.
/// </summary>
internal sealed class DataFileWriter(WriterOptions options)
{
    /// <param name="connection">Where the SELECT runs; nothing else may run on it meanwhile.</param>
    /// <param name="select">Trusted SELECT.</param>
    /// <param name="assignments">Which of its columns fill which columns of the schema.</param>
    /// <param name="target">Schema, spec and place.</param>
    /// <param name="files">Takes the files until they are committed.</param>
    /// <param name="cancellationToken">Stops DuckDB.</param>
    public async Task<IReadOnlyList<ContentFile>> WriteAsync(
        DuckDBConnection connection, string select, IReadOnlyList<ColumnAssignment> assignments, WriteTarget target, UncommittedFiles files, CancellationToken cancellationToken)
    {
        var partitions = PartitionColumns.Of(target.Identifier, target.Schema, target.Spec);
        if (partitions.UseBuckets)
        {
            BucketFunctions.Register(connection);
        }

        CreateDirectory(target);
        var prefix = files.Begin(target.DataLocation);
        var copied = await CopyAsync(connection, Statement(select, assignments, target, partitions, prefix), target, cancellationToken);
        var locations = copied.Select(c => target.LocationOf(c.LocalPath)).ToList();
        files.Add(prefix, locations);

        // COPY makes one file even when there are no rows.
        var empty = copied.Where(c => c.Rows == 0).Select(c => target.LocationOf(c.LocalPath)).ToList();
        await files.RemoveAsync(empty, cancellationToken);
        if (copied.Count > options.MaxFilesPerWrite)
        {
            throw new TooManyPartitionsException(target.Identifier, copied.Count, options.MaxFilesPerWrite);
        }

        var written = new List<ContentFile>(copied.Count);
        await FlushAsync([.. copied.Where(c => c.Rows > 0).Select(c => c.LocalPath)], target, cancellationToken);
        foreach (var file in copied.Where(c => c.Rows > 0))
        {
            written.Add(Describe(connection, file, target, partitions));
        }

        return written;
    }

    internal string Statement(string select, IReadOnlyList<ColumnAssignment> assignments, WriteTarget target, PartitionColumns partitions, string prefix)
    {
        var casts = string.Join(", ", assignments.Select(a => $"CAST(q.{WriterSql.Name(a.Source)} AS {DuckDbTypes.ToDuckDb(a.Field.Type)}) AS {WriterSql.Name(a.Field.Name)}"));
        var rows = $"SELECT {casts} FROM ({select}) AS q";
        var divide = partitions.Columns.Count == 0
            ? $"FILE_SIZE_BYTES {options.TargetFileBytes.ToString(CultureInfo.InvariantCulture)}"
            : $"PARTITION_BY ({WriterSql.Names(partitions.Columns.Select(c => c.Name))})";
        if (partitions.Columns.Count > 0)
        {
            rows = $"SELECT *, {string.Join(", ", partitions.Columns.Select(c => $"{c.TextSql} AS {WriterSql.Name(c.Name)}"))} FROM ({rows}) AS r";
        }

        var level = options.Codec == "zstd" ? $", COMPRESSION_LEVEL {options.CodecLevel.ToString(CultureInfo.InvariantCulture)}" : "";
        return $"""
            COPY ({rows}) TO {WriterSql.Text(target.LocalDirectory)} (FORMAT parquet, COMPRESSION {options.Codec}{level},
              ROW_GROUP_SIZE {options.RowGroupRows.ToString(CultureInfo.InvariantCulture)}, {divide}, FILENAME_PATTERN {WriterSql.Text(prefix + "-{uuid}")},
              APPEND true, RETURN_STATS true, FIELD_IDS {FieldIds.Of(target.Schema.Fields)})
            """;
    }

    private static ContentFile Describe(DuckDBConnection connection, CopiedFile file, WriteTarget target, PartitionColumns partitions)
    {
        var metrics = FileMetrics.Of(target.Identifier, target.Schema.Fields, file.Statistics);
        return new ContentFile
        {
            Content = FileContent.Data,
            Path = target.LocationOf(file.LocalPath),
            SpecId = target.Spec.SpecId,
            Partition = partitions.Tuple(file.PartitionKeys, column => ReadBack(connection, file.LocalPath, column)),
            RecordCount = file.Rows,
            FileSizeInBytes = file.Bytes,
            ColumnSizes = metrics.ColumnSizes,
            ValueCounts = metrics.ValueCounts,
            NullValueCounts = metrics.NullValueCounts,
            NanValueCounts = metrics.NanValueCounts,
            LowerBounds = metrics.LowerBounds,
            UpperBounds = metrics.UpperBounds,
        };
    }

    private static string ReadBack(DuckDBConnection connection, string path, PartitionColumn column) =>
        DuckDbCommands.Query(connection, $"SELECT {column.ValueSql} FROM read_parquet({WriterSql.Text(path)}, hive_partitioning = false) LIMIT 1", r => r.GetString(0))[0];

    private static async Task<List<CopiedFile>> CopyAsync(DuckDBConnection connection, string statement, WriteTarget target, CancellationToken cancellationToken)
    {
        try
        {
            return await DuckDbCommands.QueryAsync(connection, statement, CopiedFile.Read, cancellationToken);
        }
        catch (DuckDBException e)
        {
            throw WriteFailures.Of(target.Identifier, e);
        }
    }

    private static void CreateDirectory(WriteTarget target)
    {
        try
        {
            DurableFiles.CreateDirectory(target.LocalDirectory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakePortal.Iceberg.LakeFileException(target.DataLocation, "cannot be created", inner: e);
        }
    }

    /// <summary>DuckDB leaves files in the page cache; a snapshot must not refer to bytes, or to names, that a power cut can take.</summary>
    private static async Task FlushAsync(IReadOnlyCollection<string> paths, WriteTarget target, CancellationToken cancellationToken)
    {
        try
        {
            await DurableFiles.SyncAsync(paths, target.LocalDirectory, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakePortal.Iceberg.LakeFileException(target.DataLocation, $"cannot be flushed to the disk: {e.Message}", isTransient: e is IOException, inner: e);
        }
    }
}
