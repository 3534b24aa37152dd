using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using LakePortal.Iceberg.Metadata;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tests.Support;

namespace LakePortal.Iceberg.Tests.Metadata;

public class TableMetadataTests
{
    private const string V1 =
        """
        {"format-version":1,"table-uuid":"d20125c8-7284-442c-9aea-15fee620737c","location":"s3://bucket/test/location/","last-updated-ms":1602638573874,"last-column-id":3,
         "schema":{"type":"struct","fields":[{"id":1,"name":"x","required":true,"type":"long"},{"id":2,"name":"y","required":true,"type":"long","doc":"comment"},{"id":3,"name":"z","required":true,"type":"decimal( 9 , 2 )"}]},
         "partition-spec":[{"name":"x","transform":"identity","source-id":1}],"properties":{},"current-snapshot-id":-1,"snapshots":[]}
        """;

    private const string V3 =
        """
        {"format-version":3,"table-uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1","location":"s3://bucket/t","last-sequence-number":34,"last-updated-ms":1602638573590,"last-column-id":2,
         "current-schema-id":0,"schemas":[{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"x","required":true,"type":"long","initial-default":5,"write-default":6},{"id":2,"name":"v","required":false,"type":"variant"}]}],
         "default-spec-id":0,"partition-specs":[{"spec-id":0,"fields":[{"name":"m","transform":"bucket[4]","source-ids":[1,2],"field-id":1000}]}],"last-partition-id":1000,
         "default-sort-order-id":0,"sort-orders":[{"order-id":0,"fields":[]}],"next-row-id":17,"encryption-keys":[{"key-id":"a"}],
         "statistics":[{"snapshot-id":1,"statistics-path":"s3://p","blob-metadata":[]}],"current-snapshot-id":1,
         "snapshots":[{"snapshot-id":1,"timestamp-ms":1515100955770,"sequence-number":1,"manifest-list":"s3://a/b/1.avro","first-row-id":0,"added-rows":17,"summary":{"operation":"append"}}],
         "refs":{"main":{"snapshot-id":1,"type":"branch","max-snapshot-age-ms":9223372036854775807},"t":{"snapshot-id":1,"type":"tag","max-ref-age-ms":86400000}}}
        """;

    [Fact]
    public void Version_1_without_schema_ids_specs_and_orders_is_read()
    {
        var metadata = TableMetadataJson.Parse(V1);

        Assert.Equal((0, 0, "s3://bucket/test/location", 1000), (metadata.CurrentSchemaId, metadata.DefaultSpecId, metadata.Location, metadata.LastPartitionId));
        Assert.Equal((1000, 1), (metadata.DefaultSpec.Fields[0].FieldId, metadata.DefaultSpec.Fields[0].SourceId));
        Assert.Equal(PrimitiveType.Decimal(9, 2), metadata.CurrentSchema.Find("z")!.Type);
        Assert.Null(metadata.CurrentSnapshotId);
        Assert.Empty(metadata.Refs);
        Assert.Single(metadata.SortOrders);
    }

    [Fact]
    public void Version_3_is_read_and_what_is_unknown_survives()
    {
        var metadata = TableMetadataJson.Parse(V3);
        var written = Encoding.UTF8.GetString(TableMetadataJson.Write(metadata));

        Assert.Equal((5L, 6L), (metadata.CurrentSchema.Find("x")!.InitialDefault, metadata.CurrentSchema.Find("x")!.WriteDefault));
        Assert.False(LakePortal.Iceberg.Values.Transforms.IsKnown(metadata.DefaultSpec.Fields[0].Transform));
        Assert.Equal(TimeSpan.FromDays(1), metadata.Refs["t"].MaxRefAge);
        Json.AssertContains(V3.Replace("\"source-ids\":[1,2]", "\"source-id\":1", StringComparison.Ordinal), written);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("null")]
    public void No_snapshot_is_written_in_several_ways(string none) =>
        Assert.Null(TableMetadataJson.Parse(V1.Replace("\"current-snapshot-id\":-1", $"\"current-snapshot-id\":{none}", StringComparison.Ordinal)).CurrentSnapshotId);

    [Theory]
    [InlineData("\"format-version\":1", "\"format-version\":4")]
    [InlineData("\"location\":", "\"somewhere\":")]
    [InlineData("\"type\":\"long\"", "\"type\":\"geometry\"")]
    [InlineData("\"last-column-id\":3", "\"last-column-id\":\"3\"")]
    [InlineData("1602638573874", "9999999999999999")]
    [InlineData("\"current-snapshot-id\":-1", "\"current-snapshot-id\":5")]
    [InlineData("{\"format-version\"", "[\"format-version\"")]
    public void Metadata_that_breaks_the_specification_is_refused_with_its_place(string part, string replacement)
    {
        var e = Assert.Throws<InvalidMetadataException>(() => TableMetadataJson.Parse(V1.Replace(part, replacement, StringComparison.Ordinal)));

        Assert.NotEmpty(e.Reason);
    }

    [Fact]
    public void Name_mappings_come_back()
    {
        const string Text = """[{"field-id":1,"names":["id","ID"]},{"names":["s"],"fields":[{"field-id":3,"names":["element"]}]}]""";

        var mapping = NameMappingJson.Parse(Text);

        Assert.Equal(["id", "ID"], mapping.Fields[0].Names);
        Assert.Null(mapping.Fields[1].FieldId);
        Assert.Equal(Text, NameMappingJson.Write(mapping));
        Assert.Throws<InvalidMetadataException>(() => NameMappingJson.Parse("{}"));
    }

    public static class Types
    {
        public static Arbitrary<IcebergType> Type() => Of(3).ToArbitrary();

        private static Gen<IcebergType> Of(int depth)
        {
            var primitive = Gen.Elements<IcebergType>(
                PrimitiveType.Boolean, PrimitiveType.Long, PrimitiveType.TimestampTz, PrimitiveType.Decimal(38, 10), PrimitiveType.Fixed(7), PrimitiveType.Uuid, new PrimitiveType(PrimitiveKind.TimestampTzNs));
            if (depth == 0)
            {
                return primitive;
            }

            var id = Gen.Choose(1, 1000);
            var field = from i in id
                        from name in Gen.Elements("a", "ä b", "\"q\"", "x.y", "😀")
                        from type in Of(depth - 1)
                        from required in Gen.Elements(true, false)
                        from doc in Gen.Elements(null, "doc \\ \n")
                        select new NestedField(i, name, type, required, doc);
            return Gen.OneOf(
                primitive,
                field.ListOf(2).Select(f => (IcebergType)new StructType([.. f])),
                from i in id from t in Of(depth - 1) from r in Gen.Elements(true, false) select (IcebergType)new ListType(i, t, r),
                from k in id from v in id from t in Of(depth - 1) select (IcebergType)new MapType(k, PrimitiveType.String, v, t, false));
        }
    }

    [Property(Arbitrary = [typeof(Types)])]
    public bool Schemas_of_any_shape_come_back(IcebergType type)
    {
        var schema = new Schema(3, [new NestedField(1, "c", type)], []);
        var once = SchemaJson.Write(schema).ToJsonString();
        return SchemaJson.Write(SchemaJson.Parse(once)).ToJsonString() == once;
    }
}
