using System.Numerics;
using System.Text;
using System.Text.Json;
using FsCheck.Xunit;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Tests.Values;

public class SingleValueTests
{
    /// <summary>Specification, appendix D, "Binary single-value serialization".</summary>
    public static TheoryData<string, object, string> Vectors => new()
    {
        { "boolean", false, "00" },
        { "boolean", true, "01" },
        { "int", 1, "01000000" },
        { "int", -2, "FEFFFFFF" },
        { "long", 34L, "2200000000000000" },
        { "float", -4.5f, "000090C0" },
        { "double", 6.0, "0000000000001840" },
        { "date", 17486, "4E440000" },
        { "time", 81068000000L, "008307E012000000" },
        { "string", "iceberg", "69636562657267" },
        { "string", "ä", "C3A4" },
        { "uuid", Guid.Parse("f79c3e09-677c-4bbd-a479-3f349cb785e7"), "F79C3E09677C4BBDA4793F349CB785E7" },
        { "fixed[4]", new byte[] { 0, 1, 2, 3 }, "00010203" },
        { "binary", new byte[] { 0, 1, 2, 255 }, "000102FF" },
        { "decimal(9,2)", new IcebergDecimal(1420, 2), "058C" },
        { "decimal(9,2)", new IcebergDecimal(-1, 2), "FF" },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Values_have_the_bytes_of_the_specification(string typeName, object value, string hex)
    {
        Assert.True(TypeNames.TryParse(typeName, out var type));

        Assert.Equal(hex, Convert.ToHexString(SingleValue.Encode(type, value)));
        Assert.Equal(value, SingleValue.Decode(type, Convert.FromHexString(hex)));
    }

    [Fact]
    public void Bounds_written_before_a_promotion_are_read_as_the_wider_type()
    {
        Assert.Equal(-7L, SingleValue.Decode(PrimitiveType.Long, SingleValue.Encode(PrimitiveType.Int, -7)));
        Assert.Equal(1.5, SingleValue.Decode(PrimitiveType.Double, SingleValue.Encode(PrimitiveType.Float, 1.5f)));
    }

    [Fact]
    public void Bytes_of_the_wrong_length_are_no_value()
    {
        Assert.False(SingleValue.TryDecode(PrimitiveType.Int, new byte[3], out _));
        Assert.False(SingleValue.TryDecode(PrimitiveType.Long, new byte[5], out _));
        Assert.False(SingleValue.TryDecode(PrimitiveType.Uuid, new byte[15], out _));
        Assert.False(SingleValue.TryDecode(PrimitiveType.String, new byte[] { 0xFF }, out _));
        Assert.Throws<InvalidMetadataException>(() => SingleValue.Decode(PrimitiveType.Boolean, []));
    }

    [Property]
    public bool Longs_come_back(long value) => value.Equals(SingleValue.Decode(PrimitiveType.Long, SingleValue.Encode(PrimitiveType.Long, value)));

    [Property]
    public bool Doubles_come_back_bit_by_bit(double value) =>
        BitConverter.DoubleToInt64Bits((double)SingleValue.Decode(PrimitiveType.Double, SingleValue.Encode(PrimitiveType.Double, value))) == BitConverter.DoubleToInt64Bits(value);

    [Property]
    public bool Decimals_come_back(BigInteger unscaled) =>
        new IcebergDecimal(unscaled % BigInteger.Pow(10, 38), 4) is var value && value.Equals(SingleValue.Decode(PrimitiveType.Decimal(38, 4), SingleValue.Encode(PrimitiveType.Decimal(38, 4), value)));

    [Property]
    public bool Text_is_ordered_like_its_bytes(FsCheck.UnicodeString left, FsCheck.UnicodeString right)
    {
        var (a, b) = (Clean(left), Clean(right));
        return Math.Sign(ValueComparer.CompareStrings(a, b)) == Math.Sign(Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b)));
    }

    [Fact]
    public void Supplementary_characters_come_after_the_last_plane_zero_character() => Assert.True(ValueComparer.CompareStrings("\uFFFD", "😀") < 0);

    /// <summary>Specification, appendix D, "JSON single-value serialization".</summary>
    [Theory]
    [InlineData("boolean", "true")]
    [InlineData("int", "34")]
    [InlineData("long", "9223372036854775807")]
    [InlineData("double", "1.5")]
    [InlineData("decimal(9,2)", "\"14.20\"")]
    [InlineData("date", "\"2017-11-16\"")]
    [InlineData("date", "\"0001-01-01\"")]
    [InlineData("time", "\"22:31:08.123456\"")]
    [InlineData("timestamp", "\"2017-11-16T22:31:08.123456\"")]
    [InlineData("timestamp", "\"1969-12-31T23:59:59.999999\"")]
    [InlineData("timestamptz", "\"2017-11-16T22:31:08.123456+00:00\"")]
    [InlineData("timestamp_ns", "\"2017-11-16T22:31:08.123456789\"")]
    [InlineData("string", "\"iceberg\"")]
    [InlineData("uuid", "\"f79c3e09-677c-4bbd-a479-3f349cb785e7\"")]
    [InlineData("fixed[4]", "\"00010203\"")]
    [InlineData("binary", "\"000102ff\"")]
    public void Json_values_come_back(string typeName, string json)
    {
        Assert.True(TypeNames.TryParse(typeName, out var type));
        using var document = JsonDocument.Parse(json);

        var value = SingleValueJson.Read(type, document.RootElement);

        Assert.Equal(json, SingleValueJson.Write(type, value).ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    [Theory]
    [InlineData("int", "\"x\"")]
    [InlineData("date", "\"2017-13-01\"")]
    [InlineData("timestamptz", "\"2017-11-16T22:31:08+01:00\"")]
    [InlineData("fixed[4]", "\"0001\"")]
    [InlineData("decimal(9,2)", "\"1.234\"")]
    public void Json_of_the_wrong_kind_is_refused(string typeName, string json)
    {
        Assert.True(TypeNames.TryParse(typeName, out var type));
        using var document = JsonDocument.Parse(json);

        Assert.Throws<InvalidMetadataException>(() => SingleValueJson.Read(type, document.RootElement));
    }

    [Theory]
    [InlineData("12.50", 1250, 2)]
    [InlineData("-0.05", -5, 2)]
    [InlineData("1E+3", 1000, 0)]
    [InlineData("1.5e-3", 15, 4)]
    public void Decimals_are_read_from_text(string text, int unscaled, int scale)
    {
        Assert.True(IcebergDecimal.TryParse(text, out var value));
        Assert.Equal(new IcebergDecimal(unscaled, scale), value);
    }

    // Lone surrogates are no text.
    private static string Clean(FsCheck.UnicodeString text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Get ?? ""));
}
