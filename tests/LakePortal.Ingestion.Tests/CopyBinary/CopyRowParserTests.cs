using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using DuckDB.NET.Data;
using FsCheck;
using FsCheck.Xunit;
using LakePortal.Engine.Native;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Offload.Reading;

namespace LakePortal.Ingestion.Tests.CopyBinary;

/// <summary>The parser on streams made here from PostgreSQL's description of the format, cut anywhere.</summary>
public sealed class CopyRowParserTests
{
    [Property(MaxTest = 60)]
    public void Rows_are_the_same_wherever_the_stream_is_cut(NonEmptyArray<(int? Number, string? Text)> rows, PositiveInt cut)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(cut);

        // Lone surrogates and zero characters exist in no PostgreSQL text.
        var expected = rows.Get.Select(r => (r.Number, Text: r.Text is null ? null : new string([.. r.Text.Where(c => c != 0 && !char.IsSurrogate(c))]))).ToList();
        var stream = Stream(expected.Select(r => new[]
        {
            r.Number is { } n ? Int32(n) : null, r.Text is { } t ? Encoding.UTF8.GetBytes(t) : null,
        }));

        var loaded = Load("i INTEGER, t VARCHAR", [new Int32Decoder(), new TextDecoder()], stream, cut.Get, "SELECT i, t FROM t");

        Assert.Equal(expected.Select(r => $"{r.Number}|{r.Text}"), loaded);
    }

    [Property(MaxTest = 200)]
    public void A_numeric_is_exact(long high, ulong low, byte scaleSeed, byte precisionSeed)
    {
        var precision = 1 + (precisionSeed % 38);
        var scale = scaleSeed % (precision + 1);
        var unscaled = ((new BigInteger(high) << 64) + low) % BigInteger.Pow(10, precision);
        var stream = Stream([[Numeric(unscaled, scale)]]);

        var loaded = Load($"d DECIMAL({precision},{scale})", [new NumericDecoder(precision, scale)], stream, 7, "SELECT d::VARCHAR FROM t");

        var digits = BigInteger.Abs(unscaled).ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
        var text = (unscaled < 0 ? "-" : "") + (scale == 0 ? digits : $"{digits[..^scale]}.{digits[^scale..]}");
        // DuckDB leaves the zero before the point out when the type has no digit there.
        Assert.Equal([scale == precision ? text.Replace("0.", ".", StringComparison.Ordinal) : text], loaded);
    }

    [Property(MaxTest = 200)]
    public void Garbage_is_an_error_and_nothing_else(byte[] garbage)
    {
        ArgumentNullException.ThrowIfNull(garbage);
        byte[] stream = [.. Header(), .. garbage];
        try
        {
            Load("i INTEGER, d DECIMAL(9,2), a INTEGER[], m MAP(VARCHAR, VARCHAR)",
                [new Int32Decoder(), new NumericDecoder(9, 2), new ArrayDecoder(new Int32Decoder()), new HstoreDecoder()], stream, 3, "SELECT i::VARCHAR FROM t");
        }
        catch (Exception e) when (e is SourceProtocolException or ColumnNeedsTextException)
        {
            return;
        }
    }

    [Fact]
    public void A_stream_that_ends_early_is_an_error()
    {
        var stream = Stream([[Int32(1)]]);
        Assert.Throws<SourceProtocolException>(() => Load("i INTEGER", [new Int32Decoder()], stream[..^2], 100, "SELECT i::VARCHAR FROM t"));
    }

    private static List<string> Load(string columns, ColumnDecoder[] decoders, byte[] stream, int cut, string select)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        Execute(connection, $"CREATE TABLE t ({columns})");
        using (var appender = ChunkAppender.Open(connection, "t"))
        using (var chunk = appender.CreateChunk())
        {
            var at = 0;
            new CopyPump().Run(
                target =>
                {
                    var n = Math.Min(Math.Min(cut, target.Length), stream.Length - at);
                    stream.AsSpan(at, n).CopyTo(target);
                    at += n;
                    return n;
                },
                decoders, () => chunk, (rows, _) => appender.Append(chunk, rows), CancellationToken.None);
            appender.Complete();
        }

        using var command = connection.CreateCommand();
        command.CommandText = select;
        using var reader = command.ExecuteReader();
        var result = new List<string>();
        while (reader.Read())
        {
            result.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "" : Convert.ToString(reader.GetValue(i), System.Globalization.CultureInfo.InvariantCulture))));
        }

        return result;
    }

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static byte[] Header() => [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00, 0, 0, 0, 0, 0, 0, 0, 0];

    private static byte[] Stream(IEnumerable<byte[]?[]> rows)
    {
        List<byte> bytes = [.. Header()];
        foreach (var row in rows)
        {
            bytes.AddRange(Int16((short)row.Length));
            foreach (var field in row)
            {
                bytes.AddRange(Int32(field?.Length ?? -1));
                bytes.AddRange(field ?? []);
            }
        }

        bytes.AddRange(Int16(-1));
        return [.. bytes];
    }

    /// <summary>As numeric_send writes it: base 10,000, no leading and no trailing zero digits.</summary>
    private static byte[] Numeric(BigInteger unscaled, int scale)
    {
        var padded = BigInteger.Abs(unscaled) * BigInteger.Pow(10, (4 - (scale % 4)) % 4);
        var digits = new List<int>();
        var fractionDigits = (scale + 3) / 4;
        for (var rest = padded; rest > 0; rest /= 10_000)
        {
            digits.Insert(0, (int)(rest % 10_000));
        }

        var weight = digits.Count - fractionDigits - 1;
        while (digits.Count > 0 && digits[^1] == 0)
        {
            digits.RemoveAt(digits.Count - 1);
        }

        if (digits.Count == 0)
        {
            weight = 0;
        }

        return [.. Int16((short)digits.Count), .. Int16((short)weight), .. Int16(unscaled < 0 ? (short)0x4000 : (short)0), .. Int16((short)scale), .. digits.SelectMany(d => Int16((short)d))];
    }

    private static byte[] Int16(short value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteInt16BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Int32(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
