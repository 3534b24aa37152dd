using System.Globalization;
using System.Numerics;
using System.Text;
using FsCheck.Xunit;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Tests.Values;

public class TransformTests
{
    /// <summary>Specification, appendix B: "32-bit Hash Requirements", with the vectors of its table.</summary>
    public static TheoryData<object, int> HashVectors => new()
    {
        { 34, 2017239379 },
        { 34L, 2017239379 },
        { new IcebergDecimal(1420, 2), -500754589 },
        { Transforms.ToDays(new DateOnly(2017, 11, 16)), -653330422 },
        { ((((22 * 60L) + 31) * 60) + 8) * 1_000_000, -662762989 },
        { Micros("2017-11-16T22:31:08"), -2047944441 },
        { Micros("2017-11-16T22:31:08.000001"), -1207196810 },
        { "iceberg", 1210000089 },
        { Guid.Parse("f79c3e09-677c-4bbd-a479-3f349cb785e7"), 1488055340 },
        { new byte[] { 0, 1, 2, 3 }, -188683207 },
    };

    [Theory]
    [MemberData(nameof(HashVectors))]
    public void The_bucket_hash_agrees_with_the_specification(object value, int expected) => Assert.Equal(expected, Transforms.Hash(value));

    [Theory]
    [InlineData("", 0)]
    [InlineData("a", 1009084850)]
    [InlineData("abc", -1277324294)]
    [InlineData("Hello, world!", unchecked((int)0xc0363e43))]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x2e4ff723)]
    public void Murmur3_agrees_with_the_reference_implementation(string text, int expected) => Assert.Equal(expected, Murmur3.Hash(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData(10, 1, 0)]
    [InlineData(10, 9, 0)]
    [InlineData(10, -1, -10)]
    [InlineData(10, -10, -10)]
    [InlineData(10, -11, -20)]
    public void Truncating_numbers_rounds_down(int width, int value, int expected)
    {
        Assert.Equal(expected, Transforms.Apply(new Transform("truncate", width), PrimitiveType.Int, value));
        Assert.Equal((long)expected, Transforms.Apply(new Transform("truncate", width), PrimitiveType.Long, (long)value));
    }

    [Theory]
    [InlineData(50, 1065, 1050)]
    [InlineData(10, -5, -10)]
    public void Truncating_decimals_works_on_the_unscaled_value(int width, int unscaled, int expected) =>
        Assert.Equal(new IcebergDecimal(expected, 2), Transforms.Apply(new Transform("truncate", width), PrimitiveType.Decimal(9, 2), new IcebergDecimal(unscaled, 2)));

    [Theory]
    [InlineData("iceberg", 3, "ice")]
    [InlineData("ab", 3, "ab")]
    [InlineData("😀😁😂", 2, "😀😁")]
    [InlineData("", 2, "")]
    public void Truncating_text_counts_code_points(string text, int length, string expected) =>
        Assert.Equal(expected, Transforms.Apply(new Transform("truncate", length), PrimitiveType.String, text));

    [Fact]
    public void Truncating_binary_counts_bytes() =>
        Assert.Equal(new byte[] { 0, 1 }, Transforms.Apply(new Transform("truncate", 2), PrimitiveType.Binary, new byte[] { 0, 1, 2, 3 }));

    [Theory]
    [InlineData("year", "2017-12-01T10:12:55.038194", 47)]
    [InlineData("month", "2017-12-01T10:12:55.038194", 575)]
    [InlineData("day", "2017-12-01T10:12:55.038194", 17501)]
    [InlineData("hour", "2017-12-01T10:12:55.038194", 420034)]
    [InlineData("year", "1969-12-31T23:59:59.999999", -1)]
    [InlineData("month", "1969-12-31T23:59:59.999999", -1)]
    [InlineData("day", "1969-12-31T23:59:59.999999", -1)]
    [InlineData("hour", "1969-12-31T23:59:59.999999", -1)]
    [InlineData("year", "1970-01-01T00:00:00", 0)]
    [InlineData("month", "1969-01-01T00:00:00", -12)]
    [InlineData("day", "1969-01-01T00:00:00", -365)]
    [InlineData("hour", "1969-12-31T22:00:00", -2)]
    [InlineData("month", "2000-02-29T00:00:00", 361)]
    [InlineData("year", "0001-01-01T00:00:00", -1969)]
    public void Times_are_periods_since_1970_rounded_down(string transform, string time, int expected)
    {
        var micros = Micros(time);
        Assert.Equal(expected, Transforms.Apply(new Transform(transform), PrimitiveType.Timestamp, micros));
        Assert.Equal(expected, Transforms.Apply(new Transform(transform), PrimitiveType.TimestampTz, micros));
        if (transform != "hour")
        {
            Assert.Equal(expected, Transforms.Apply(new Transform(transform), PrimitiveType.Date, Transforms.ToDays(DateOnly.FromDateTime(DateTime.Parse(time, CultureInfo.InvariantCulture)))));
        }
    }

    [Property]
    public bool Years_and_months_agree_with_the_calendar(DateTime time)
    {
        var micros = (time.Ticks - DateTime.UnixEpoch.Ticks) / 10 - (((time.Ticks - DateTime.UnixEpoch.Ticks) % 10) < 0 ? 1 : 0);
        return Transforms.Apply(new Transform("year"), PrimitiveType.Timestamp, micros) is int year && year == time.Year - 1970
            && Transforms.Apply(new Transform("month"), PrimitiveType.Timestamp, micros) is int month && month == ((time.Year - 1970) * 12) + time.Month - 1
            && Transforms.Apply(new Transform("day"), PrimitiveType.Timestamp, micros) is int day && day == Transforms.ToDays(DateOnly.FromDateTime(time));
    }

    [Property]
    public bool Truncated_numbers_are_multiples_just_below(int value, FsCheck.PositiveInt width)
    {
        ArgumentNullException.ThrowIfNull(width);
        var truncated = (long)Transforms.Apply(new Transform("truncate", width.Get), PrimitiveType.Long, (long)value)!;
        return truncated <= value && value - truncated < width.Get && truncated % width.Get == 0;
    }

    [Fact]
    public void Null_stays_null_and_void_makes_null()
    {
        foreach (var transform in new[] { new Transform("identity"), new Transform("bucket", 4), new Transform("truncate", 4), new Transform("void") })
        {
            Assert.Null(Transforms.Apply(transform, PrimitiveType.Int, null));
        }

        Assert.Null(Transforms.Apply(new Transform("void"), PrimitiveType.Int, 5));
    }

    [Theory]
    [InlineData("bucket[16]", "bucket", 16)]
    [InlineData("truncate[4]", "truncate", 4)]
    [InlineData("day", "day", 0)]
    [InlineData("zorder[a,b]", "zorder[a,b]", 0)]
    [InlineData("bucket[-1]", "bucket[-1]", 0)]
    public void Transform_names_are_read_and_written(string text, string name, int parameter)
    {
        var transform = Transforms.Parse(text);

        Assert.Equal(new Transform(name, parameter), transform);
        Assert.Equal(text, transform.ToString());
    }

    [Fact]
    public void Transforms_that_are_unknown_or_do_not_fit_are_refused()
    {
        Assert.False(Transforms.IsKnown(Transforms.Parse("zorder[a,b]")));
        Assert.Throws<InvalidTableDefinitionException>(() => Transforms.Apply(new Transform("zorder"), PrimitiveType.Int, 1));
        Assert.False(Transforms.CanApply(new Transform("bucket", 4), PrimitiveType.Double));
        Assert.False(Transforms.CanApply(new Transform("bucket", 4), PrimitiveType.Boolean));
        Assert.False(Transforms.CanApply(new Transform("hour"), PrimitiveType.Date));
    }

    [Fact]
    public void Decimal_bytes_are_minimal_and_big_endian()
    {
        Assert.Equal([0], new IcebergDecimal(0, 2).ToUnscaledBytes());
        Assert.Equal([0x05, 0x8C], new IcebergDecimal(1420, 2).ToUnscaledBytes());
        Assert.Equal([0xFF], new IcebergDecimal(-1, 2).ToUnscaledBytes());
        Assert.Equal([0x00, 0x80], new IcebergDecimal(128, 0).ToUnscaledBytes());
        Assert.Equal([0x80], new IcebergDecimal(-128, 0).ToUnscaledBytes());
        Assert.Equal(BigInteger.Pow(10, 38) - 1, IcebergDecimal.FromUnscaledBytes(new IcebergDecimal(BigInteger.Pow(10, 38) - 1, 0).ToUnscaledBytes(), 0).Unscaled);
    }

    private static long Micros(string text) =>
        (DateTime.ParseExact(text, ["yyyy-MM-ddTHH:mm:ss", "yyyy-MM-ddTHH:mm:ss.FFFFFF"], CultureInfo.InvariantCulture, DateTimeStyles.None).Ticks - DateTime.UnixEpoch.Ticks) / 10;
}
