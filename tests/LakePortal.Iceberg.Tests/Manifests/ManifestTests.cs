using System.Text;
using System.Text.Json;
using Avro.File;
using Avro.Generic;
using LakePortal.Iceberg.Avro;
using LakePortal.Iceberg.Manifests;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Tests.Support;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Tests.Manifests;

public class ManifestTests
{
    private static readonly PrimitiveType[] AllTypes =
    [
        PrimitiveType.Boolean, PrimitiveType.Int, PrimitiveType.Long, PrimitiveType.Float, PrimitiveType.Double, PrimitiveType.Date, PrimitiveType.Time, PrimitiveType.Timestamp,
        PrimitiveType.TimestampTz, PrimitiveType.String, PrimitiveType.Uuid, PrimitiveType.Binary, PrimitiveType.Fixed(3), PrimitiveType.Decimal(9, 2), PrimitiveType.Decimal(38, 10),
    ];

    private static readonly object?[] Values =
    [
        true, -5, 1L << 40, 1.5f, -2.5, 19000, 3_600_000_000L, -1L, 1_700_000_000_000_000L, "ä/=&", Guid.Parse("f79c3e09-677c-4bbd-a479-3f349cb785e7"),
        new byte[] { 0, 255 }, new byte[] { 1, 2, 3 }, new IcebergDecimal(-123456789, 2), new IcebergDecimal(System.Numerics.BigInteger.Parse("-12345678901234567890123456789", System.Globalization.CultureInfo.InvariantCulture), 10),
    ];

    [Fact]
    public void Entries_come_back_with_every_type_of_partition_value()
    {
        var metadata = Metadata();
        var files = new[] { File("a", Values), File("b", new object?[Values.Length]) };
        var entries = files.Select((f, i) => new ManifestEntry(i == 0 ? EntryStatus.Added : EntryStatus.Existing, 77, i == 0 ? f : f with { DataSequenceNumber = 3, FileSequenceNumber = 4 })).ToList();

        var (bytes, row) = ManifestWriter.Write("file:///m.avro", 77, metadata, 0, ManifestContent.Data, entries);
        var read = ManifestReader.Read(bytes, row.Assign(9), metadata);

        Assert.Equal([EntryStatus.Added, EntryStatus.Existing], read.Select(e => e.Status));
        Assert.Equal([(9L, 9L), (3L, 4L)], read.Select(e => (e.File.DataSequenceNumber!.Value, e.File.FileSequenceNumber!.Value)));
        for (var i = 0; i < files.Length; i++)
        {
            Assert.Equal(files[i].Partition, read[i].File.Partition);
            Assert.Equal(files[i].LowerBounds, read[i].File.LowerBounds);
            Assert.Equal(files[i].ValueCounts, read[i].File.ValueCounts);
            Assert.Equal(files[i].SplitOffsets, read[i].File.SplitOffsets);
            Assert.Equal((files[i].Path, files[i].RecordCount, files[i].SortOrderId), (read[i].File.Path, read[i].File.RecordCount, read[i].File.SortOrderId));
        }

        Assert.Equal((1, 1, 0, 10L, 10L, 0L), (row.AddedFiles!.Value, row.ExistingFiles!.Value, row.DeletedFiles!.Value, row.AddedRows!.Value, row.ExistingRows!.Value, row.DeletedRows!.Value));
        Assert.Equal((9L, 3L), (row.Assign(9).SequenceNumber, row.Assign(9).MinSequenceNumber));
        Assert.All(row.Partitions!, p => Assert.True(p.ContainsNull));
        Assert.Equal(SingleValue.Encode(PrimitiveType.Int, -5), row.Partitions![1].LowerBound);
    }

    [Fact]
    public void The_avro_library_reads_our_manifests_and_lists()
    {
        // All types but uuid: the library takes that logical type on strings only, the table format asks for fixed(16).
        var spec = Metadata().DefaultSpec;
        var metadata = Metadata(spec with { Fields = [.. spec.Fields.Where(f => f.SourceId != 11)] });
        var (bytes, row) = ManifestWriter.Write(
            "file:///m.avro", 77, metadata, 0, ManifestContent.Data, [new ManifestEntry(EntryStatus.Added, 77, File("a", [.. Values.Where(v => v is not Guid)]))]);

        using (var reader = DataFileReader<GenericRecord>.OpenReader(new MemoryStream(bytes)))
        {
            Assert.Equal(
                ("data", "2", "0", "0"), (reader.GetMetaString("content"), reader.GetMetaString("format-version"), reader.GetMetaString("partition-spec-id"), reader.GetMetaString("schema-id")));
            var entry = reader.Next();
            Assert.Equal((1, 77L, null), ((int)entry["status"], (long)entry["snapshot_id"], entry["sequence_number"]));
            var file = (GenericRecord)entry["data_file"];
            Assert.Equal(("file:///t/data/a.parquet", 10L), ((string)file["file_path"], (long)file["record_count"]));
            var counts = ((object[])file["value_counts"]).Cast<GenericRecord>().ToDictionary(r => (int)r["key"], r => (long)r["value"]);
            Assert.Equal(new Dictionary<int, long> { [1] = 10, [2] = 9 }, counts);
            Assert.False(reader.HasNext());
        }

        var list = ManifestListWriter.Write(77, 76, 9, [row.Assign(9)]);
        using var lists = DataFileReader<GenericRecord>.OpenReader(new MemoryStream(list));
        Assert.Equal(("77", "76", "9"), (lists.GetMetaString("snapshot-id"), lists.GetMetaString("parent-snapshot-id"), lists.GetMetaString("sequence-number")));
        var item = lists.Next();
        Assert.Equal(("file:///m.avro", (long)bytes.Length, 9L, 1), ((string)item["manifest_path"], (long)item["manifest_length"], (long)item["sequence_number"], (int)item["added_files_count"]));
        Assert.Equal(Values.Length - 1, ((object[])item["partitions"]).Length);
    }

    [Fact]
    public void Our_manifest_schema_is_that_of_spark_but_for_what_came_later()
    {
        if (Fixtures.Root is null)
        {
            return;
        }

        var spark = AvroContainer.Read(System.IO.File.ReadAllBytes(
            Directory.GetFiles(Path.Combine(Fixtures.Root, "icebird/hyperparam-iceberg/spark/rename_column/metadata"), "*-m0.avro").First()));
        var spec = new PartitionSpec(0, [new PartitionField(1, 1000, "id_bucket", new Transform("bucket", 4)), new PartitionField(2, 1001, "date", new Transform("identity"))]);
        var ours = ManifestSchema.Text(spec, [(PrimitiveType.Int, PrimitiveType.Int), (PrimitiveType.Date, PrimitiveType.Date)]);

        using var theirs = JsonDocument.Parse(spark.Metadata["avro.schema"]);
        using var mine = JsonDocument.Parse(ours);
        var referenced = """,{"name":"referenced_data_file","type":["null","string"],"doc":"Fully qualified location (URI with FS scheme) of a data file that all deletes reference","default":null,"field-id":143}""";
        Assert.Equal(theirs.RootElement.GetRawText(), mine.RootElement.GetRawText().Replace(referenced, "", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("2x", "_2x")]
    [InlineData("a b", "a_x20b")]
    [InlineData("größe", "gr_xF6_xDFe")]
    public void Names_that_avro_does_not_allow_are_escaped_and_kept(string name, string expected)
    {
        Assert.Equal(expected, ManifestSchema.ValidName(name));

        var metadata = Metadata(new PartitionSpec(0, [new PartitionField(2, 1000, name, new Transform("identity"))]));
        var (bytes, row) = ManifestWriter.Write("file:///m.avro", 1, metadata, 0, ManifestContent.Data, [new ManifestEntry(EntryStatus.Added, 1, File("a", [5]))]);
        Assert.Equal([5], ManifestReader.Read(bytes, row.Assign(1), metadata)[0].File.Partition);
    }

    [Fact]
    public void Files_without_field_ids_and_with_old_names_are_read()
    {
        // As ClickHouse writes them: no field ids, no content, no compression.
        const string List = """{"type":"record","name":"manifest_file","fields":[{"name":"manifest_path","type":"string"},{"name":"manifest_length","type":"long"},{"name":"partition_spec_id","type":"int"},{"name":"added_data_files_count","type":"int"},{"name":"existing_data_files_count","type":["null","int"]}]}""";
        var list = AvroContainer.Write(List, [], [e =>
        {
            e.WriteString("/wh/t1/m.avro");
            e.WriteLong(10);
            e.WriteInt(0);
            e.WriteInt(3);
            e.WriteOptional(false);
        }]);

        var row = Assert.Single(ManifestListReader.Read(list));

        Assert.Equal(("/wh/t1/m.avro", ManifestContent.Data, 3, (int?)null, 0L), (row.Path, row.Content, row.AddedFiles, row.ExistingFiles, row.SequenceNumber));
        Assert.True(row.MayHaveLiveFiles);

        const string Manifest = """{"type":"record","name":"manifest_entry","fields":[{"name":"status","type":"int"},{"name":"snapshot_id","type":["null","long"]},{"name":"data_file","type":{"type":"record","name":"d","fields":[{"name":"file_path","type":"string"},{"name":"file_format","type":"string"},{"name":"partition","type":{"type":"record","name":"p","fields":[{"name":"k","type":["null","long"]}]}},{"name":"record_count","type":"long"},{"name":"file_size_in_bytes","type":"long"}]}}]}""";
        var manifest = AvroContainer.Write(Manifest, [new("partition_spec_id", "0")], [e =>
        {
            e.WriteInt(1);
            e.WriteOptional(false);
            e.WriteString("/wh/t1/data/x.parquet");
            e.WriteString("Parquet");
            e.WriteOptionalLong(7);
            e.WriteLong(4);
            e.WriteLong(400);
        }]);
        var metadata = Metadata(new PartitionSpec(0, [new PartitionField(2, 1000, "k", new Transform("identity"))]));
        var entry = Assert.Single(ManifestReader.Read(manifest, row with { AddedSnapshotId = 5, SequenceNumber = 2 }, metadata));

        // The column is an int: the writer's long becomes one.
        Assert.Equal([7], entry.File.Partition);
        Assert.Equal((5L, 2L, 4L, "PARQUET"), (entry.SnapshotId!.Value, entry.File.DataSequenceNumber!.Value, entry.File.RecordCount, entry.File.Format));
        Assert.Equal(0, ManifestReader.SpecIdOf(manifest));
    }

    [FsCheck.Xunit.Property]
    public bool Damaged_files_end_in_a_clear_error(byte[] noise, ushort position)
    {
        ArgumentNullException.ThrowIfNull(noise);
        var (bytes, row) = ManifestWriter.Write("file:///m.avro", 77, Metadata(), 0, ManifestContent.Data, [new ManifestEntry(EntryStatus.Added, 77, File("a", Values))]);
        var at = position % bytes.Length;
        noise.AsSpan(0, Math.Min(noise.Length, bytes.Length - at)).CopyTo(bytes.AsSpan(at));
        try
        {
            ManifestReader.Read(bytes, row.Assign(1), Metadata());
            return true;
        }
        catch (InvalidMetadataException)
        {
            return true;
        }
    }

    private static ContentFile File(string name, IReadOnlyList<object?> partition) => new()
    {
        Content = FileContent.Data,
        Path = $"file:///t/data/{name}.parquet",
        SpecId = 0,
        Partition = partition,
        RecordCount = 10,
        FileSizeInBytes = 1234,
        ColumnSizes = new Dictionary<int, long> { [1] = 100 },
        ValueCounts = new Dictionary<int, long> { [1] = 10, [2] = 9 },
        NullValueCounts = new Dictionary<int, long> { [1] = 0 },
        NanValueCounts = new Dictionary<int, long>(),
        LowerBounds = new Dictionary<int, byte[]> { [10] = Encoding.UTF8.GetBytes("a") },
        UpperBounds = new Dictionary<int, byte[]> { [10] = Encoding.UTF8.GetBytes("z") },
        SplitOffsets = [4, 1000],
        SortOrderId = 0,
    };

    private static TableMetadata Metadata(PartitionSpec? spec = null)
    {
        var fields = AllTypes.Select((t, i) => new NestedField(i + 1, $"c{i + 1}", t)).ToList();
        return new TableMetadata
        {
            FormatVersion = 2,
            TableUuid = Guid.NewGuid(),
            Location = "file:///t",
            LastSequenceNumber = 0,
            LastUpdated = DateTimeOffset.UnixEpoch,
            LastColumnId = fields.Count,
            Schemas = [new Schema(0, fields, [])],
            CurrentSchemaId = 0,
            PartitionSpecs = [spec ?? new PartitionSpec(0, [.. AllTypes.Select((_, i) => new PartitionField(i + 1, 1000 + i, $"p{i + 1}", new Transform("identity")))])],
            DefaultSpecId = 0,
            LastPartitionId = 1100,
            SortOrders = [new SortOrder(0, [])],
            DefaultSortOrderId = 0,
        };
    }
}
