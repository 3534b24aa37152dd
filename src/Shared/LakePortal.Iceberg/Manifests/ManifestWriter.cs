using System.Globalization;
using LakePortal.Iceberg.Avro;
using LakePortal.Iceberg.Metadata;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Manifests;

/// <summary>
/// Writes one manifest: one spec, one kind of content. Added entries carry null sequence numbers and inherit them from the manifest list,
/// so that a manifest stays valid when its commit is tried again.
/// </summary>
internal static class ManifestWriter
{
    /// <param name="path">Where the bytes will be stored.</param>
    /// <param name="snapshotId">The snapshot that writes it.</param>
    /// <param name="metadata">For the spec and schema.</param>
    /// <param name="specId">Spec of every entry.</param>
    /// <param name="content">Kind of every entry.</param>
    /// <param name="entries">Entries; sequence numbers of added ones are null, except for a data sequence number that a compaction keeps.</param>
    /// <returns>The bytes and the row for the manifest list; its sequence number, and a minimum of -1 that stands for it, are set at commit.</returns>
    public static (byte[] Bytes, ManifestFile Row) Write(
        string path, long snapshotId, TableMetadata metadata, int specId, ManifestContent content, IReadOnlyList<ManifestEntry> entries)
    {
        var spec = metadata.PartitionSpecs.First(s => s.SpecId == specId);
        var types = PartitionTypes.Of(metadata, spec);
        var bytes = AvroContainer.Write(
            ManifestSchema.Text(spec, types),
            [
                new("schema", SchemaJson.Write(metadata.CurrentSchema).ToJsonString(TableMetadataJson.Compact)),
                new("schema-id", metadata.CurrentSchemaId.ToString(CultureInfo.InvariantCulture)),
                new("partition-spec", PartitionSpecJson.WriteFields(spec).ToJsonString(TableMetadataJson.Compact)),
                new("partition-spec-id", specId.ToString(CultureInfo.InvariantCulture)),
                new("format-version", "2"),
                new("content", content == ManifestContent.Data ? "data" : "deletes"),
            ],
            entries.Select(entry => (Action<AvroEncoder>)(e => WriteEntry(e, entry, types))));
        return (bytes, Describe(path, bytes.Length, snapshotId, spec, types, content, entries));
    }

    private static ManifestFile Describe(
        string path, long length, long snapshotId, PartitionSpec spec, IReadOnlyList<(PrimitiveType? Source, PrimitiveType Result)> types,
        ManifestContent content, IReadOnlyList<ManifestEntry> entries)
    {
        int Files(EntryStatus status) => entries.Count(e => e.Status == status);
        long Rows(EntryStatus status) => entries.Where(e => e.Status == status).Sum(e => e.File.RecordCount);
        var live = entries.Where(e => e.IsLive).ToList();
        return new ManifestFile
        {
            Path = path,
            Length = length,
            SpecId = spec.SpecId,
            Content = content,
            SequenceNumber = ManifestFileExtensions.Unassigned,
            MinSequenceNumber = live.Count == 0 || live.Any(e => e.File.DataSequenceNumber is null)
                ? live.Select(e => e.File.DataSequenceNumber).Where(s => s.HasValue).Select(s => s!.Value).DefaultIfEmpty(ManifestFileExtensions.Unassigned).Min()
                : live.Min(e => e.File.DataSequenceNumber!.Value),
            AddedSnapshotId = snapshotId,
            AddedFiles = Files(EntryStatus.Added),
            ExistingFiles = Files(EntryStatus.Existing),
            DeletedFiles = Files(EntryStatus.Deleted),
            AddedRows = Rows(EntryStatus.Added),
            ExistingRows = Rows(EntryStatus.Existing),
            DeletedRows = Rows(EntryStatus.Deleted),
            Partitions = [.. spec.Fields.Select((_, i) => Summarise(types[i].Result, entries.Select(e => e.File.Partition[i])))],
        };
    }

    private static PartitionSummary Summarise(PrimitiveType type, IEnumerable<object?> values)
    {
        var containsNull = false;
        var containsNan = false;
        object? lower = null;
        object? upper = null;
        foreach (var value in values)
        {
            switch (value)
            {
                case null:
                    containsNull = true;
                    break;
                case float.NaN or double.NaN:
                    containsNan = true;
                    break;
                default:
                    lower = lower is null || (ValueComparer.TryCompare(value, lower, out var order) && order < 0) ? value : lower;
                    upper = upper is null || (ValueComparer.TryCompare(value, upper, out order) && order > 0) ? value : upper;
                    break;
            }
        }

        return new PartitionSummary(
            containsNull, containsNan, lower is null ? null : SingleValue.Encode(type, lower), upper is null ? null : SingleValue.Encode(type, upper));
    }

    private static void WriteEntry(AvroEncoder e, ManifestEntry entry, IReadOnlyList<(PrimitiveType? Source, PrimitiveType Result)> types)
    {
        var file = entry.File;
        e.WriteInt((int)entry.Status);
        e.WriteOptionalLong(entry.SnapshotId);
        e.WriteOptionalLong(file.DataSequenceNumber);
        e.WriteOptionalLong(file.FileSequenceNumber);
        e.WriteInt((int)file.Content);
        e.WriteString(file.Path);
        e.WriteString(file.Format);
        for (var i = 0; i < types.Count; i++)
        {
            PartitionValues.Write(e, types[i].Result, file.Partition[i]);
        }

        e.WriteLong(file.RecordCount);
        e.WriteLong(file.FileSizeInBytes);
        WriteMap(e, file.ColumnSizes, e.WriteLong);
        WriteMap(e, file.ValueCounts, e.WriteLong);
        WriteMap(e, file.NullValueCounts, e.WriteLong);
        WriteMap(e, file.NanValueCounts, e.WriteLong);
        WriteMap(e, file.LowerBounds, v => e.WriteBytes(v));
        WriteMap(e, file.UpperBounds, v => e.WriteBytes(v));
        e.WriteOptional(false);
        WriteList(e, file.SplitOffsets, e.WriteLong);
        WriteList(e, file.EqualityIds, e.WriteInt);
        e.WriteOptionalLong(file.SortOrderId);
        if (e.WriteOptional(file.ReferencedDataFile is not null))
        {
            e.WriteString(file.ReferencedDataFile!);
        }
    }

    private static void WriteMap<T>(AvroEncoder e, IReadOnlyDictionary<int, T>? map, Action<T> write)
    {
        if (!e.WriteOptional(map is not null))
        {
            return;
        }

        if (map!.Count > 0)
        {
            e.WriteLong(map.Count);
            foreach (var (key, value) in map.OrderBy(p => p.Key))
            {
                e.WriteInt(key);
                write(value);
            }
        }

        e.WriteLong(0);
    }

    private static void WriteList<T>(AvroEncoder e, IReadOnlyList<T>? list, Action<T> write)
    {
        if (!e.WriteOptional(list is not null))
        {
            return;
        }

        if (list!.Count > 0)
        {
            e.WriteLong(list.Count);
            foreach (var item in list)
            {
                write(item);
            }
        }

        e.WriteLong(0);
    }
}

internal static class ManifestFileExtensions
{
    /// <summary>A sequence number that the commit will assign.</summary>
    public const long Unassigned = -1;

    /// <summary>The row as it stands in the manifest list of the snapshot that wrote the manifest.</summary>
    public static ManifestFile Assign(this ManifestFile manifest, long sequenceNumber) => manifest.SequenceNumber != Unassigned
        ? manifest
        : manifest with
        {
            SequenceNumber = sequenceNumber,
            MinSequenceNumber = manifest.MinSequenceNumber == Unassigned ? sequenceNumber : Math.Min(manifest.MinSequenceNumber, sequenceNumber),
        };
}
