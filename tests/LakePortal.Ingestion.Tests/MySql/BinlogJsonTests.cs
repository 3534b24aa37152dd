using System.Buffers;
using System.Text;
using LakePortal.Ingestion.Sources.MySql.Log;

namespace LakePortal.Ingestion.Tests.MySql;

/// <summary>Values of the log that MariaDB does not have: composed by the format's description (<c>json_binary.h</c>), printed as MySQL's manual prints them.</summary>
public sealed class BinlogJsonTests
{
    [Theory]
    [InlineData("null", "")]
    [InlineData("null", "0400")]
    [InlineData("true", "0401")]
    [InlineData("-1", "05ffff")]
    [InlineData("65535", "06ffff")]
    [InlineData("-2147483648", "0700000080")]
    [InlineData("18446744073709551615", "0affffffffffffffff")]
    [InlineData("1.0", "0b000000000000f03f")]
    [InlineData("0.1", "0b9a9999999999b93f")]
    [InlineData("1e20", "0b408cb5781daf1544")]
    [InlineData("\"b\"", "0c0162")]
    [InlineData("\"q\\\"\\\\\\n\\u0001\"", "0c0571225c0a01")]
    [InlineData("{}", "0000000400")]
    [InlineData("[]", "0200000400")]
    [InlineData("{\"a\": \"b\"}", "0001000e000b0001000c0c00610162")]
    [InlineData("[1, null, [true]]", "0203001400050100040000020d000100070004010000")]
    [InlineData("{\"a\": 70000}", "01010000001400000013000000010007701101006100")]
    [InlineData("12.34", "0ff60404028c22")]
    [InlineData("\"base64:type254:AAE=\"", "0ffe020001")]
    public void Json_is_printed_as_the_server_prints_it(string expected, string bytes)
    {
        var target = new ArrayBufferWriter<byte>();
        BinlogJson.Print(Convert.FromHexString(bytes), target);
        Assert.Equal(expected, Encoding.UTF8.GetString(target.WrittenSpan));
    }

    [Theory]
    [InlineData(0d, "0")]
    [InlineData(1d, "1")]
    [InlineData(-1.5, "-1.5")]
    [InlineData(1e14, "100000000000000")]
    [InlineData(1e15, "1e15")]
    [InlineData(123456.789, "123456.789")]
    [InlineData(0.001, "0.001")]
    [InlineData(1e-15, "0.000000000000001")]
    [InlineData(1e-16, "1e-16")]
    [InlineData(-1.7976931348623157e308, "-1.7976931348623157e308")]
    public void Numbers_are_printed_as_the_server_prints_them(double number, string expected) => Assert.Equal(expected, ServerNumbers.Print(number));
}
