using System.Text;
using FsCheck.Xunit;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Tests.Values;

public class PartitionTupleTests
{
    [Fact]
    public void A_tuple_has_the_transformed_values_in_the_order_of_the_spec()
    {
        var schema = new Schema(0, [new NestedField(1, "id", PrimitiveType.Long), new NestedField(2, "s", new StructType([new NestedField(3, "day", PrimitiveType.Date)]))], []);
        var spec = new PartitionSpec(0,
        [
            new PartitionField(3, 1000, "m", new Transform("month")), new PartitionField(1, 1001, "b", new Transform("bucket", 16)), new PartitionField(9, 1002, "v", new Transform("void")),
        ]);

        var tuple = PartitionTuples.Compute(spec, schema, id => id == 1 ? (object)34L : 31);

        Assert.Equal([1, 2017239379 % 16, null], tuple);
    }

    [Theory]
    [InlineData("short", "short")]
    [InlineData("0123456789abcdefg", "0123456789abcdeg")]
    [InlineData("0123456789abcde\uD7FFx", "0123456789abcde\uE000")]
    public void Upper_bounds_of_text_are_raised_at_their_last_code_point(string text, string expected) =>
        Assert.Equal(expected, BoundsTruncation.Upper(PrimitiveType.String, text));

    [Fact]
    public void There_is_no_upper_bound_above_the_greatest_characters()
    {
        Assert.Null(BoundsTruncation.Upper(PrimitiveType.Binary, Enumerable.Repeat((byte)0xFF, 17).ToArray()));
        Assert.Null(BoundsTruncation.Upper(PrimitiveType.String, string.Concat(Enumerable.Repeat("\U0010FFFF", 17))));
        Assert.Equal("b", BoundsTruncation.Upper(PrimitiveType.String, "a" + string.Concat(Enumerable.Repeat("\U0010FFFF", 17))));
    }

    [Property]
    public bool Truncated_bounds_still_enclose_the_value(FsCheck.UnicodeString text, FsCheck.PositiveInt length)
    {
        ArgumentNullException.ThrowIfNull(length);
        var value = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Get ?? ""));
        var n = (length.Get % 5) + 1;
        var lower = (string)BoundsTruncation.Lower(PrimitiveType.String, value, n);
        var upper = (string?)BoundsTruncation.Upper(PrimitiveType.String, value, n);
        return ValueComparer.CompareStrings(lower, value) <= 0 && (upper is null || ValueComparer.CompareStrings(upper, value) >= 0)
            && lower.EnumerateRunes().Count() <= n && (upper ?? "").EnumerateRunes().Count() <= n;
    }
}
