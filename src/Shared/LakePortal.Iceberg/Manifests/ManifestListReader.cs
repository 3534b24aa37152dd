using LakePortal.Iceberg.Avro;

namespace LakePortal.Iceberg.Manifests;

/// <summary>Reads manifest lists by field id, then by name: writers that leave ids out, and the names before Java renamed the counts.</summary>
internal static class ManifestListReader
{
    public static IReadOnlyList<ManifestFile> Read(ReadOnlySpan<byte> file)
    {
        var content = AvroContainer.Read(file);
        var columns = new Columns(content.Schema);
        return [.. content.Records.Select(columns.Read)];
    }

    private sealed class Columns(AvroRecordSchema schema)
    {
        private readonly int _path = schema.IndexOf(500, "manifest_path");
        private readonly int _length = schema.IndexOf(501, "manifest_length");
        private readonly int _spec = schema.IndexOf(502, "partition_spec_id");
        private readonly int _content = schema.IndexOf(517, "content");
        private readonly int _sequence = schema.IndexOf(515, "sequence_number");
        private readonly int _minSequence = schema.IndexOf(516, "min_sequence_number");
        private readonly int _snapshot = schema.IndexOf(503, "added_snapshot_id");
        private readonly int _added = schema.IndexOf(504, "added_files_count", "added_data_files_count");
        private readonly int _existing = schema.IndexOf(505, "existing_files_count", "existing_data_files_count");
        private readonly int _deleted = schema.IndexOf(506, "deleted_files_count", "deleted_data_files_count");
        private readonly int _addedRows = schema.IndexOf(512, "added_rows_count");
        private readonly int _existingRows = schema.IndexOf(513, "existing_rows_count");
        private readonly int _deletedRows = schema.IndexOf(514, "deleted_rows_count");
        private readonly int _partitions = schema.IndexOf(507, "partitions");
        private readonly int _keyMetadata = schema.IndexOf(519, "key_metadata");

        public ManifestFile Read(AvroRecord record)
        {
            var row = new AvroRow(record, "manifest list");
            return new ManifestFile
            {
                Path = row.Text(_path, "manifest_path"),
                Length = row.Long(_length, "manifest_length"),
                SpecId = row.OptionalInt(_spec) ?? 0,
                Content = row.OptionalInt(_content) switch
                {
                    null or 0 => ManifestContent.Data,
                    1 => ManifestContent.Deletes,
                    var other => throw new InvalidMetadataException("manifest list", $"content {other} is not known"),
                },
                SequenceNumber = row.OptionalLong(_sequence) ?? 0,
                MinSequenceNumber = row.OptionalLong(_minSequence) ?? 0,
                AddedSnapshotId = row.OptionalLong(_snapshot),
                AddedFiles = row.OptionalInt(_added),
                ExistingFiles = row.OptionalInt(_existing),
                DeletedFiles = row.OptionalInt(_deleted),
                AddedRows = row.OptionalLong(_addedRows),
                ExistingRows = row.OptionalLong(_existingRows),
                DeletedRows = row.OptionalLong(_deletedRows),
                Partitions = row.List(_partitions) is { } summaries ? [.. summaries.Select(ReadSummary)] : null,
                KeyMetadata = row.Bytes(_keyMetadata),
            };
        }

        private static PartitionSummary ReadSummary(object? value)
        {
            var record = value as AvroRecord ?? throw new InvalidMetadataException("manifest list", "a partition summary is no record");
            var row = new AvroRow(record, "manifest list");
            var schema = record.Schema;
            return new PartitionSummary(
                row.Boolean(schema.IndexOf(509, "contains_null")) ?? true,
                row.Boolean(schema.IndexOf(518, "contains_nan")),
                row.Bytes(schema.IndexOf(510, "lower_bound")),
                row.Bytes(schema.IndexOf(511, "upper_bound")));
        }
    }
}
