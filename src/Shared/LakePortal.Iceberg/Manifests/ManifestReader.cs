using System.Globalization;
using LakePortal.Iceberg.Avro;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Manifests;

/// <summary>Reads manifests by field id, then by name, and applies the inheritance of sequence numbers and snapshot ids.</summary>
internal static class ManifestReader
{
    public static IReadOnlyList<ManifestEntry> Read(ReadOnlySpan<byte> file, ManifestFile manifest, TableMetadata metadata)
    {
        var content = AvroContainer.Read(file);
        var spec = metadata.PartitionSpecs.FirstOrDefault(s => s.SpecId == manifest.SpecId)
            ?? throw new InvalidMetadataException("manifest", $"it refers to partition spec {manifest.SpecId}, which the table does not have");
        var columns = new Columns(content.Schema, manifest, spec, PartitionTypes.Of(metadata, spec));
        return [.. content.Records.Select(columns.Read)];
    }

    /// <summary>Spec id that the manifest itself states; both spellings of the key exist.</summary>
    public static int? SpecIdOf(ReadOnlySpan<byte> file)
    {
        var metadata = AvroContainer.Read(file).Metadata;
        return (metadata.TryGetValue("partition-spec-id", out var text) || metadata.TryGetValue("partition_spec_id", out text))
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id
            : null;
    }

    private sealed class Columns(
        AvroRecordSchema entry, ManifestFile manifest, PartitionSpec spec, IReadOnlyList<(PrimitiveType? Source, PrimitiveType Result)> types)
    {
        private readonly int _status = entry.IndexOf(0, "status");
        private readonly int _snapshot = entry.IndexOf(1, "snapshot_id");
        private readonly int _sequence = entry.IndexOf(3, "sequence_number");
        private readonly int _fileSequence = entry.IndexOf(4, "file_sequence_number");
        private readonly int _dataFile = entry.IndexOf(2, "data_file");
        private FileColumns? _file;

        public ManifestEntry Read(AvroRecord record)
        {
            var row = new AvroRow(record, "manifest");
            var status = row.Int(_status, "status") switch
            {
                0 => EntryStatus.Existing,
                1 => EntryStatus.Added,
                2 => EntryStatus.Deleted,
                var other => throw new InvalidMetadataException("manifest", $"an entry has the unknown status {other}"),
            };
            var file = row.Record(_dataFile) ?? throw new InvalidMetadataException("manifest", "an entry has no data file");
            _file ??= new FileColumns(file.Schema);

            // Only what this manifest's snapshot added inherits; version 1 has no sequence numbers: all are 0.
            var sequence = row.OptionalLong(_sequence);
            var fileSequence = row.OptionalLong(_fileSequence);
            if (status == EntryStatus.Added || manifest.SequenceNumber == 0)
            {
                sequence ??= manifest.SequenceNumber;
                fileSequence ??= manifest.SequenceNumber;
            }
            else if (sequence is null)
            {
                throw new InvalidMetadataException("manifest", "an entry that its snapshot did not add has no sequence number");
            }

            return new ManifestEntry(
                status,
                row.OptionalLong(_snapshot) ?? manifest.AddedSnapshotId,
                _file.Read(file, manifest, spec, types) with { DataSequenceNumber = sequence, FileSequenceNumber = fileSequence });
        }
    }

    private sealed class FileColumns(AvroRecordSchema schema)
    {
        private readonly int _content = schema.IndexOf(134, "content");
        private readonly int _path = schema.IndexOf(100, "file_path");
        private readonly int _format = schema.IndexOf(101, "file_format");
        private readonly int _partition = schema.IndexOf(102, "partition");
        private readonly int _records = schema.IndexOf(103, "record_count");
        private readonly int _size = schema.IndexOf(104, "file_size_in_bytes");
        private readonly int _columnSizes = schema.IndexOf(108, "column_sizes");
        private readonly int _valueCounts = schema.IndexOf(109, "value_counts");
        private readonly int _nullCounts = schema.IndexOf(110, "null_value_counts");
        private readonly int _nanCounts = schema.IndexOf(137, "nan_value_counts");
        private readonly int _lower = schema.IndexOf(125, "lower_bounds");
        private readonly int _upper = schema.IndexOf(128, "upper_bounds");
        private readonly int _keyMetadata = schema.IndexOf(131, "key_metadata");
        private readonly int _splits = schema.IndexOf(132, "split_offsets");
        private readonly int _equalityIds = schema.IndexOf(135, "equality_ids");
        private readonly int _sortOrder = schema.IndexOf(140, "sort_order_id");
        private readonly int _referenced = schema.IndexOf(143, "referenced_data_file");
        private readonly int _contentOffset = schema.IndexOf(144, "content_offset");
        private readonly int _contentSize = schema.IndexOf(145, "content_size_in_bytes");

        public ContentFile Read(
            AvroRecord record, ManifestFile manifest, PartitionSpec spec, IReadOnlyList<(PrimitiveType? Source, PrimitiveType Result)> types)
        {
            var row = new AvroRow(record, "manifest");
            var path = row.Text(_path, "file_path");
            if (row.Bytes(_keyMetadata) is { Length: > 0 })
            {
                throw new InvalidMetadataException("manifest", $"the file '{path}' is encrypted");
            }

            return new ContentFile
            {
                Content = row.OptionalInt(_content) switch
                {
                    null => manifest.Content == ManifestContent.Data ? FileContent.Data : FileContent.PositionDeletes,
                    0 => FileContent.Data,
                    1 => FileContent.PositionDeletes,
                    2 => FileContent.EqualityDeletes,
                    var other => throw new InvalidMetadataException("manifest", $"the file '{path}' has the unknown content {other}"),
                },
                Path = path,
                Format = row.Text(_format, "file_format").ToUpperInvariant(),
                SpecId = spec.SpecId,
                Partition = PartitionValues.Read(row.Record(_partition), spec, types),
                RecordCount = row.Long(_records, "record_count"),
                FileSizeInBytes = row.Long(_size, "file_size_in_bytes"),
                ColumnSizes = Map<long>(row[_columnSizes]),
                ValueCounts = Map<long>(row[_valueCounts]),
                NullValueCounts = Map<long>(row[_nullCounts]),
                NanValueCounts = Map<long>(row[_nanCounts]),
                LowerBounds = Map<byte[]>(row[_lower]),
                UpperBounds = Map<byte[]>(row[_upper]),
                SplitOffsets = row.List(_splits) is { } splits ? [.. splits.Select(ToLong)] : null,
                EqualityIds = row.List(_equalityIds) is { } ids ? [.. ids.Select(v => checked((int)ToLong(v)))] : null,
                SortOrderId = row.OptionalInt(_sortOrder),
                ReferencedDataFile = row.OptionalText(_referenced),
                ContentOffset = row.OptionalLong(_contentOffset),
                ContentSizeInBytes = row.OptionalLong(_contentSize),
            };
        }

        private static Dictionary<int, T>? Map<T>(object? value) => value switch
        {
            null => null,
            Dictionary<int, T> map => map,
            List<object?> pairs => Pairs<T>(pairs),
            _ => throw new InvalidMetadataException("manifest", "column statistics have an unknown form"),
        };

        // Another order or width of key and value than the usual one.
        private static Dictionary<int, T> Pairs<T>(List<object?> pairs)
        {
            var map = new Dictionary<int, T>();
            foreach (var pair in pairs)
            {
                var record = pair as AvroRecord ?? throw new InvalidMetadataException("manifest", "column statistics have an unknown form");
                var row = new AvroRow(record, "manifest");
                var key = row.Int(record.Schema.Fields.ToList().FindIndex(f => f.Name == "key"), "key");
                var item = row[record.Schema.Fields.ToList().FindIndex(f => f.Name == "value")];
                map[key] = item is int i && typeof(T) == typeof(long) ? (T)(object)(long)i
                    : item is T typed ? typed : throw new InvalidMetadataException("manifest", "column statistics have an unknown form");
            }

            return map;
        }

        private static long ToLong(object? value) => value switch
        {
            long l => l,
            int i => i,
            _ => throw new InvalidMetadataException("manifest", "a list of numbers holds something else"),
        };
    }
}
