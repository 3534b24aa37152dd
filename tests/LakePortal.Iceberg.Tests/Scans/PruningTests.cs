using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.Manifests;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Tests.Support;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Tests.Scans;

public sealed class PruningTests : IDisposable
{
    private readonly Lake _lake = new();

    public void Dispose() => _lake.Dispose();

    /// <summary>One row, other rows of the same file and manifest, and a condition; the types and transforms vary.</summary>
    public sealed record Case(PrimitiveType Type, Transform Transform, object? Row, IReadOnlyList<object?> Others, Predicate Predicate);

    public static class Cases
    {
        public static Arbitrary<Case> Case()
        {
            var types = new (PrimitiveType Type, Gen<object> Values, Transform[] Transforms)[]
            {
                (PrimitiveType.Int, Small.Select(i => (object)i), [new("identity"), new("bucket", 4), new("truncate", 7), new("void"), new("zorder")]),
                (PrimitiveType.Long, Small.Select(i => (object)(long)i), [new("identity"), new("bucket", 4), new("truncate", 7)]),
                (PrimitiveType.Decimal(9, 2), Small.Select(i => (object)new IcebergDecimal(i, 2)), [new("identity"), new("bucket", 4), new("truncate", 10)]),
                (PrimitiveType.Date, Small.Select(i => (object)(i * 20)), [new("identity"), new("year"), new("month"), new("day"), new("bucket", 4)]),
                (PrimitiveType.TimestampTz, Small.Select(i => (object)(i * 1_234_567_891_011L)), [new("identity"), new("year"), new("month"), new("day"), new("hour"), new("bucket", 4)]),
                (PrimitiveType.String, Gen.Elements("", "a", "ab", "abc", "abd", "b", "ä", "\uFFFD", "😀", "😀😁x").Select(s => (object)s), [new("identity"), new("bucket", 4), new("truncate", 2)]),
                (PrimitiveType.Double, Gen.Elements(0.0, -0.0, 1.5, -1.5, double.NaN, double.PositiveInfinity).Select(d => (object)d), [new("identity"), new("void")]),
                (PrimitiveType.Boolean, Gen.Elements(true, false).Select(b => (object)b), [new("identity")]),
                (PrimitiveType.Uuid, Small.Select(i => (object)new Guid(i, 0, 0, new byte[8])), [new("identity"), new("bucket", 4)]),
                (PrimitiveType.Binary, Small.Select(i => (object)BitConverter.GetBytes(i)), [new("identity"), new("truncate", 2), new("bucket", 4)]),
            };
            var gen =
                from t in Gen.Elements(types)
                from transform in Gen.Elements(t.Transforms)
                let nullable = Gen.Frequency((5, t.Values.Select(v => (object?)v)), (1, Gen.Constant((object?)null)))
                from row in nullable
                from others in Gen.ListOf(nullable, 3)
                from predicate in Predicates(t.Values)
                select new Case(t.Type, transform, row, [.. others], predicate);
            return gen.ToArbitrary();
        }

        private static Gen<int> Small => Gen.Choose(-60, 60);

        private static Gen<Predicate> Predicates(Gen<object> values)
        {
            var leaf = Gen.OneOf(
                from v in values from op in Gen.Elements(Enum.GetValues<CompareOp>()) select (Predicate)new Predicate.Compare(1, op, v),
                from vs in Gen.ListOf(values, 2) select (Predicate)new Predicate.In(1, [.. vs]),
                from p in Gen.Elements("", "a", "ab", "abc", "😀", "😀😁") select (Predicate)new Predicate.StartsWith(1, p),
                Gen.Constant((Predicate)new Predicate.IsNull(1)),
                Gen.Constant((Predicate)new Predicate.NotNull(1)));
            return Gen.OneOf(
                leaf,
                from a in leaf from b in leaf select (Predicate)new Predicate.And(a, b),
                from a in leaf from b in leaf select (Predicate)new Predicate.Or(a, b));
        }
    }

    [Property(Arbitrary = [typeof(Cases)], MaxTest = 3000)]
    public void A_row_that_matches_is_never_pruned(Case c)
    {
        ArgumentNullException.ThrowIfNull(c);
        if (!Matches(c.Predicate, c.Row))
        {
            return;
        }

        var schema = new Schema(0, [new NestedField(1, "c", c.Type)], []);
        var spec = new PartitionSpec(0, [new PartitionField(1, 1000, "p", c.Transform)]);
        if (Transforms.IsKnown(c.Transform))
        {
            var metadata = Metadata(schema, spec);
            var filter = new PartitionFilter(c.Predicate, spec, PartitionTypes.Of(metadata, spec));
            var files = c.Others.Append(c.Row).Select((v, i) => new ContentFile
            {
                Content = FileContent.Data, Path = $"f{i}", SpecId = 0, Partition = [Transforms.Apply(c.Transform, c.Type, v)], RecordCount = 1, FileSizeInBytes = 1,
            }).ToList();
            Assert.True(filter.MightMatch(files[^1]), "by partition");
            var (bytes, row) = ManifestWriter.Write("m", 1, metadata, 0, ManifestContent.Data, [.. files.Select(f => new ManifestEntry(EntryStatus.Added, 1, f))]);
            Assert.True(filter.MightMatch(row), "by manifest summary");
            Assert.True(filter.MightMatch(ManifestReader.Read(bytes, row.Assign(1), metadata)[^1].File), "by partition read back");
        }

        Assert.True(new MetricsFilter(c.Predicate, schema).MightMatch(Measured(c.Type, [.. c.Others, c.Row])), "by metrics");
    }

    [Fact]
    public async Task Partitions_and_bounds_leave_out_what_cannot_match()
    {
        var table = await _lake.CreateOrdersAsync(new PartitionBy("created_at", new Transform("day")), new PartitionBy("id", new Transform("bucket", 4)));
        const long Day = 86_400_000_000;
        for (var day = 0; day < 5; day++)
        {
            table = await table.CommitAsync(
                new SnapshotChange
                {
                    AddedFiles =
                    [
                        .. Enumerable.Range(0, 4).Select(bucket => Lake.Data(table, $"d{day}b{bucket}", 10, 20_000 + day, bucket) with
                        {
                            LowerBounds = new Dictionary<int, byte[]> { [2] = Encoding.UTF8.GetBytes(bucket % 2 == 0 ? "a" : "n") },
                            UpperBounds = new Dictionary<int, byte[]> { [2] = Encoding.UTF8.GetBytes(bucket % 2 == 0 ? "m" : "z") },
                        }),
                    ],
                },
                default);
        }

        async Task<ScanPlan> Plan(Predicate predicate) => await table.PlanScanAsync(SnapshotSelector.Current, predicate, default);
        var oneDay = await Plan(new Predicate.And(
            new Predicate.Compare(3, CompareOp.GreaterOrEqual, 20_002 * Day), new Predicate.Compare(3, CompareOp.Less, 20_002 * Day + 5)));
        Assert.Equal((4, 1, 5, 20), (oneDay.Tasks.Count, oneDay.Statistics.ManifestsRead, oneDay.Statistics.ManifestsTotal, oneDay.Statistics.FilesTotal));

        var bucketOf34 = await Plan(new Predicate.Compare(1, CompareOp.Equal, 34L));
        Assert.Equal(5, bucketOf34.Tasks.Count);
        Assert.All(bucketOf34.Tasks, t => Assert.Equal(2017239379 % 4, t.File.Partition[1]));

        Assert.Equal(10, (await Plan(new Predicate.StartsWith(2, "q"))).Tasks.Count);
        Assert.Equal(20, (await Plan(new Predicate.Compare(7, CompareOp.Equal, "unknown column statistics"))).Tasks.Count);
        Assert.Empty((await Plan(new Predicate.Compare(3, CompareOp.Less, 0L))).Tasks);
    }

    [Fact]
    public async Task Equality_deletes_hold_in_their_partition_or_everywhere_when_unpartitioned()
    {
        var table = await _lake.CreateOrdersAsync(new PartitionBy("region", new Transform("identity")));
        var north = Lake.Data(table, "north", 10, "north");
        var south = Lake.Data(table, "south", 10, "south");
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [north, south] }, default);
        var delete = Lake.PositionDelete(table, "eq", null, 1, "north") with { Content = FileContent.EqualityDeletes, EqualityIds = [1] };
        table = await table.CommitAsync(new SnapshotChange { AddedDeletes = [delete], AddedFiles = [Lake.Data(table, "north2", 10, "north")] }, default);

        var plan = await table.PlanScanAsync(SnapshotSelector.Current, null, default);

        Assert.Equal(["north"], plan.Tasks.Where(t => t.Deletes.Count > 0).Select(t => Path.GetFileNameWithoutExtension(t.File.Path)));
        var index = new DeleteIndex([delete with { SpecId = 1, Partition = [], DataSequenceNumber = 9 }], id => id == 1);
        Assert.Single(index.For(south with { DataSequenceNumber = 8 }));
        Assert.Empty(index.For(south with { DataSequenceNumber = 9 }));
    }

    [Fact]
    public void A_deletion_vector_replaces_the_position_deletes_of_its_file()
    {
        var data = new ContentFile { Content = FileContent.Data, Path = "a", SpecId = 0, RecordCount = 10, FileSizeInBytes = 1, DataSequenceNumber = 1 };
        var positions = data with { Content = FileContent.PositionDeletes, Path = "p", ReferencedDataFile = "a", DataSequenceNumber = 2 };
        var vector = positions with { Path = "v", Format = "PUFFIN", ContentOffset = 4, ContentSizeInBytes = 40, DataSequenceNumber = 3 };

        var index = new DeleteIndex([positions, vector], _ => true);

        Assert.Equal("v", Assert.Single(index.For(data)).Path);
        Assert.Empty(index.For(data with { Path = "b" }));
    }

    [Fact]
    public void Equal_bounds_of_the_path_column_name_the_target()
    {
        var bound = new Dictionary<int, byte[]> { [DeleteIndex.FilePathFieldId] = Encoding.UTF8.GetBytes("s3://b/a.parquet") };
        var delete = new ContentFile
        {
            Content = FileContent.PositionDeletes, Path = "p", SpecId = 0, RecordCount = 1, FileSizeInBytes = 1, LowerBounds = bound, UpperBounds = bound,
        };

        Assert.Equal("s3://b/a.parquet", DeleteIndex.TargetOf(delete));
    }

    // The meaning of a condition, independent of the code under test. NaN is greater than everything and equal to itself, as in the engine.
    private static bool Matches(Predicate predicate, object? row) => predicate switch
    {
        Predicate.And p => Matches(p.Left, row) && Matches(p.Right, row),
        Predicate.Or p => Matches(p.Left, row) || Matches(p.Right, row),
        Predicate.IsNull => row is null,
        Predicate.NotNull => row is not null,
        _ when row is null => false,
        Predicate.StartsWith p => row is string s && s.StartsWith(p.Prefix, StringComparison.Ordinal),
        Predicate.In p => p.Values.Any(v => Order(row, v) == 0),
        Predicate.Compare p => p.Op switch
        {
            CompareOp.Equal => Order(row, p.Value) == 0,
            CompareOp.NotEqual => Order(row, p.Value) != 0,
            CompareOp.Less => Order(row, p.Value) < 0,
            CompareOp.LessOrEqual => Order(row, p.Value) <= 0,
            CompareOp.Greater => Order(row, p.Value) > 0,
            _ => Order(row, p.Value) >= 0,
        },
        _ => throw new InvalidOperationException(),
    };

    private static int Order(object a, object b) => (a, b) switch
    {
        (string x, string y) => Encoding.UTF8.GetBytes(x).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y)),
        (byte[] x, byte[] y) => x.AsSpan().SequenceCompareTo(y),
        (Guid x, Guid y) => x.ToByteArray(true).AsSpan().SequenceCompareTo(y.ToByteArray(true)),
        (double x, double y) => double.IsNaN(x) || double.IsNaN(y) ? double.IsNaN(x).CompareTo(double.IsNaN(y)) : (x + 0.0).CompareTo(y + 0.0),
        (IcebergDecimal x, IcebergDecimal y) => x.Unscaled.CompareTo(y.Unscaled),
        _ => System.Collections.Comparer.Default.Compare(a, b),
    };

    private static ContentFile Measured(PrimitiveType type, IReadOnlyList<object?> rows)
    {
        var values = rows.Where(v => v is not null and not double.NaN).Select(v => v!).Order(Comparer<object>.Create(Order)).ToList();
        var truncated = type.Kind is PrimitiveKind.String or PrimitiveKind.Binary;
        var lower = values.Count == 0 ? null : truncated ? BoundsTruncation.Lower(type, values[0], 2) : values[0];
        var upper = values.Count == 0 ? null : truncated ? BoundsTruncation.Upper(type, values[^1], 2) : values[^1];
        return new ContentFile
        {
            Content = FileContent.Data,
            Path = "f",
            SpecId = 0,
            RecordCount = rows.Count,
            FileSizeInBytes = 1,
            ValueCounts = new Dictionary<int, long> { [1] = rows.Count },
            NullValueCounts = new Dictionary<int, long> { [1] = rows.Count(v => v is null) },
            NanValueCounts = type == PrimitiveType.Double ? new Dictionary<int, long> { [1] = rows.Count(v => v is double.NaN) } : null,
            LowerBounds = lower is null ? null : new Dictionary<int, byte[]> { [1] = SingleValue.Encode(type, lower) },
            UpperBounds = upper is null ? null : new Dictionary<int, byte[]> { [1] = SingleValue.Encode(type, upper) },
        };
    }

    private static TableMetadata Metadata(Schema schema, PartitionSpec spec) => new()
    {
        FormatVersion = 2,
        TableUuid = Guid.NewGuid(),
        Location = "file:///t",
        LastSequenceNumber = 0,
        LastUpdated = DateTimeOffset.UnixEpoch,
        LastColumnId = 1,
        Schemas = [schema],
        CurrentSchemaId = 0,
        PartitionSpecs = [spec],
        DefaultSpecId = 0,
        LastPartitionId = 1000,
        SortOrders = [new SortOrder(0, [])],
        DefaultSortOrderId = 0,
    };
}
