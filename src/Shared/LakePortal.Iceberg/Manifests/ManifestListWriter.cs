using System.Globalization;
using LakePortal.Iceberg.Avro;

namespace LakePortal.Iceberg.Manifests;

internal static class ManifestListWriter
{
    private const string AvroSchemaText =
        """{"type":"record","name":"manifest_file","fields":[{"name":"manifest_path","type":"string","doc":"Location URI with FS scheme","field-id":500},{"name":"manifest_length","type":"long","doc":"Total file size in bytes","field-id":501},{"name":"partition_spec_id","type":"int","doc":"Spec ID used to write","field-id":502},{"name":"content","type":"int","doc":"Contents of the manifest: 0=data, 1=deletes","field-id":517},{"name":"sequence_number","type":"long","doc":"Sequence number when the manifest was added","field-id":515},{"name":"min_sequence_number","type":"long","doc":"Lowest sequence number in the manifest","field-id":516},{"name":"added_snapshot_id","type":"long","doc":"Snapshot ID that added the manifest","field-id":503},{"name":"added_files_count","type":"int","doc":"Added entry count","field-id":504},{"name":"existing_files_count","type":"int","doc":"Existing entry count","field-id":505},{"name":"deleted_files_count","type":"int","doc":"Deleted entry count","field-id":506},{"name":"added_rows_count","type":"long","doc":"Added rows count","field-id":512},{"name":"existing_rows_count","type":"long","doc":"Existing rows count","field-id":513},{"name":"deleted_rows_count","type":"long","doc":"Deleted rows count","field-id":514},{"name":"partitions","type":["null",{"type":"array","items":{"type":"record","name":"r508","fields":[{"name":"contains_null","type":"boolean","doc":"True if any file has a null partition value","field-id":509},{"name":"contains_nan","type":["null","boolean"],"doc":"True if any file has a nan partition value","default":null,"field-id":518},{"name":"lower_bound","type":["null","bytes"],"doc":"Partition lower bound for all files","default":null,"field-id":510},{"name":"upper_bound","type":["null","bytes"],"doc":"Partition upper bound for all files","default":null,"field-id":511}]},"element-id":508}],"doc":"Summary for each partition","default":null,"field-id":507},{"name":"key_metadata","type":["null","bytes"],"doc":"Encryption key metadata blob","default":null,"field-id":519}]}""";

    public static byte[] Write(long snapshotId, long? parentSnapshotId, long sequenceNumber, IReadOnlyList<ManifestFile> manifests) =>
        AvroContainer.Write(
            AvroSchemaText,
            [
                new("snapshot-id", snapshotId.ToString(CultureInfo.InvariantCulture)),
                new("parent-snapshot-id", parentSnapshotId?.ToString(CultureInfo.InvariantCulture) ?? "null"),
                new("sequence-number", sequenceNumber.ToString(CultureInfo.InvariantCulture)),
                new("format-version", "2"),
            ],
            manifests.Select(m => (Action<AvroEncoder>)(e => WriteRow(e, m))));

    private static void WriteRow(AvroEncoder e, ManifestFile m)
    {
        e.WriteString(m.Path);
        e.WriteLong(m.Length);
        e.WriteInt(m.SpecId);
        e.WriteInt((int)m.Content);
        e.WriteLong(m.SequenceNumber);
        e.WriteLong(m.MinSequenceNumber);
        e.WriteLong(m.AddedSnapshotId ?? throw Unknown(m, "snapshot"));
        e.WriteInt(m.AddedFiles ?? throw Unknown(m, "number of added files"));
        e.WriteInt(m.ExistingFiles ?? throw Unknown(m, "number of existing files"));
        e.WriteInt(m.DeletedFiles ?? throw Unknown(m, "number of deleted files"));
        e.WriteLong(m.AddedRows ?? throw Unknown(m, "number of added rows"));
        e.WriteLong(m.ExistingRows ?? throw Unknown(m, "number of existing rows"));
        e.WriteLong(m.DeletedRows ?? throw Unknown(m, "number of deleted rows"));
        WriteSummaries(e, m.Partitions);
        WriteOptionalBytes(e, m.KeyMetadata);
    }

    private static void WriteSummaries(AvroEncoder e, IReadOnlyList<PartitionSummary>? summaries)
    {
        if (!e.WriteOptional(summaries is not null))
        {
            return;
        }

        if (summaries!.Count > 0)
        {
            e.WriteLong(summaries.Count);
            foreach (var summary in summaries)
            {
                e.WriteBoolean(summary.ContainsNull);
                if (e.WriteOptional(summary.ContainsNan.HasValue))
                {
                    e.WriteBoolean(summary.ContainsNan!.Value);
                }

                WriteOptionalBytes(e, summary.LowerBound);
                WriteOptionalBytes(e, summary.UpperBound);
            }
        }

        e.WriteLong(0);
    }

    private static void WriteOptionalBytes(AvroEncoder e, byte[]? value)
    {
        if (e.WriteOptional(value is not null))
        {
            e.WriteBytes(value);
        }
    }

    private static InvalidMetadataException Unknown(ManifestFile manifest, string what) =>
        new($"manifest list row of '{manifest.Path}'", $"the {what} is not known");
}
