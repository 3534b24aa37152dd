using System.Globalization;
using System.Text;
using DuckDB.NET.Data;
using LakePortal.Engine.Native;

namespace LakePortal.Engine.Tests.Native;

/// <summary>What goes in through vectors must come out of SQL: DuckDB itself is the judge.</summary>
public sealed class ChunkAppenderTests : IDisposable
{
    private readonly DuckDBConnection _connection = new("Data Source=:memory:");

    public ChunkAppenderTests() => _connection.Open();

    public void Dispose() => _connection.Dispose();

    [Fact]
    public void Every_scalar_type_arrives_exactly()
    {
        Run("""
            CREATE TABLE t (b BOOLEAN, i1 TINYINT, i2 SMALLINT, i4 INTEGER, i8 BIGINT, h HUGEINT, f FLOAT, d DOUBLE, dt DATE, tm TIME, ts TIMESTAMP,
              tz TIMESTAMPTZ, u UUID, d4 DECIMAL(4,1), d9 DECIMAL(9,2), d18 DECIMAL(18,3), d38 DECIMAL(38,10), s VARCHAR, x BLOB)
            """);
        using (var appender = ChunkAppender.Open(_connection, "t"))
        using (var chunk = appender.CreateChunk())
        {
            chunk[0].WriteBoolean(0, true);
            chunk[1].WriteInt8(0, -128);
            chunk[2].WriteInt16(0, short.MinValue);
            chunk[3].WriteInt32(0, int.MinValue);
            chunk[4].WriteInt64(0, long.MinValue);
            chunk[5].WriteInt128(0, Int128.Parse("-170141183460469231731687303715884105727", CultureInfo.InvariantCulture));
            chunk[6].WriteFloat(0, float.MinValue);
            chunk[7].WriteDouble(0, double.Epsilon);
            chunk[8].WriteDate(0, -719162);
            chunk[9].WriteTime(0, 86_399_999_999);
            chunk[10].WriteTimestamp(0, -1);
            chunk[11].WriteTimestamp(0, 253402300799999999);
            chunk[12].WriteUuid(0, Guid.Parse("f79c3e09-677c-4bbd-a479-3f349cb785e7"));
            chunk[13].WriteDecimal(0, -9999L);
            chunk[14].WriteDecimal(0, 999_999_999L);
            chunk[15].WriteDecimal(0, -999_999_999_999_999_999L);
            chunk[16].WriteDecimal(0, Int128.Parse("99999999999999999999999999999999999999", CultureInfo.InvariantCulture));
            chunk[17].WriteVarchar(0, "zażółć gęślą jaźń 𝄞"u8);
            chunk[18].WriteBlob(0, [0, 1, 255]);
            appender.Append(chunk, 1);
            appender.Complete();
        }

        Run("SET TimeZone='UTC'");
        Assert.Equal(
            "true|-128|-32768|-2147483648|-9223372036854775808|-170141183460469231731687303715884105727|-3.4028235e+38|5e-324|0001-01-01|23:59:59.999999|"
            + "1969-12-31 23:59:59.999999|9999-12-31 23:59:59.999999+00|f79c3e09-677c-4bbd-a479-3f349cb785e7|-999.9|9999999.99|-999999999999999.999|"
            + "9999999999999999999999999999.9999999999|zażółć gęślą jaźń 𝄞|\\x00\\x01\\xFF",
            Scalar("SELECT concat_ws('|', b, i1, i2, i4, i8, h, f, d, dt, tm, ts, tz, u, d4, d9, d18, d38, s, x::VARCHAR) FROM t"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(300_000)]
    public void Strings_of_every_length_compare_equal_to_those_made_by_sql(int length)
    {
        Run("CREATE TABLE t (s VARCHAR)");
        using (var appender = ChunkAppender.Open(_connection, "t"))
        using (var chunk = appender.CreateChunk())
        {
            for (var round = 0; round < 3; round++)
            {
                chunk[0].WriteVarchar(0, Encoding.UTF8.GetBytes(new string('x', length)));
                chunk[0].WriteVarchar(1, new string('x', length).AsSpan());
                chunk[0].WriteNull(2);
                appender.Append(chunk, 3);
            }

            appender.Complete();
        }

        Assert.Equal(6L, Scalar($"SELECT count(*) FROM t WHERE s = repeat('x', {length})"));
        Assert.Equal(3L, Scalar("SELECT count(*) FROM t WHERE s IS NULL"));
    }

    [Fact]
    public void Many_chunks_with_nulls_keep_every_row()
    {
        Run("CREATE TABLE t (i BIGINT, s VARCHAR)");
        using (var appender = ChunkAppender.Open(_connection, "t"))
        using (var chunk = appender.CreateChunk())
        {
            long n = 0;
            for (var c = 0; c < 300; c++)
            {
                for (var row = 0; row < DataChunkBuilder.Capacity; row++, n++)
                {
                    chunk[0].WriteInt64(row, n);
                    if (n % 7 == 0)
                    {
                        chunk[1].WriteNull(row);
                    }
                    else
                    {
                        chunk[1].WriteVarchar(row, Encoding.UTF8.GetBytes($"value number {n}"));
                    }
                }

                appender.Append(chunk, DataChunkBuilder.Capacity);
            }

            appender.Complete();
            Assert.Equal(n, appender.Rows);
        }

        Assert.Equal(300L * 2048, Scalar("SELECT count(*) FROM t"));
        Assert.Equal(0L, Scalar("SELECT count(*) FROM t WHERE s IS DISTINCT FROM (CASE WHEN i % 7 = 0 THEN NULL ELSE 'value number ' || i END)"));
    }

    [Fact]
    public void Lists_maps_and_structs_grow_beyond_a_vector_and_start_anew_with_each_chunk()
    {
        Run("CREATE TABLE t (id INTEGER, l VARCHAR[], m MAP(VARCHAR, INTEGER), st STRUCT(a INTEGER, b VARCHAR), ll INTEGER[][])");
        using (var appender = ChunkAppender.Open(_connection, "t"))
        using (var chunk = appender.CreateChunk())
        {
            for (var round = 0; round < 3; round++)
            {
                for (var row = 0; row < 2000; row++)
                {
                    var id = (round * 2000) + row;
                    chunk[0].WriteInt32(row, id);
                    var list = chunk[1].WriteList(row, row % 5, out var offset);
                    for (var e = 0; e < row % 5; e++)
                    {
                        if (e == 3)
                        {
                            list.WriteNull(offset + e);
                        }
                        else
                        {
                            list.WriteVarchar(offset + e, Encoding.UTF8.GetBytes($"element {id} {e}"));
                        }
                    }

                    var map = chunk[2].WriteList(row, 2, out offset);
                    for (var e = 0; e < 2; e++)
                    {
                        map.Child(0).WriteVarchar(offset + e, Encoding.UTF8.GetBytes($"k{e}"));
                        map.Child(1).WriteInt32(offset + e, id + e);
                    }

                    if (row % 3 == 0)
                    {
                        chunk[3].WriteNull(row);
                    }
                    else
                    {
                        chunk[3].Child(0).WriteInt32(row, id);
                        chunk[3].Child(1).WriteVarchar(row, Encoding.UTF8.GetBytes($"a longer text {id}"));
                    }

                    var outer = chunk[4].WriteList(row, 3, out offset);
                    for (var e = 0; e < 3; e++)
                    {
                        var inner = outer.WriteList(offset + e, 2, out var innerOffset);
                        inner.WriteInt32(innerOffset, id);
                        inner.WriteInt32(innerOffset + 1, e);
                    }
                }

                appender.Append(chunk, 2000);
            }

            appender.Complete();
        }

        Assert.Equal(6000L, Scalar("SELECT count(*) FROM t"));
        Assert.Equal(0L, Scalar("""
            SELECT count(*) FROM t WHERE
              l IS DISTINCT FROM [CASE WHEN e = 3 THEN NULL ELSE 'element ' || id || ' ' || e END FOR e IN range((id % 2000) % 5)]
              OR m IS DISTINCT FROM MAP {'k0': id, 'k1': id + 1}
              OR st IS DISTINCT FROM (CASE WHEN (id % 2000) % 3 = 0 THEN NULL ELSE {'a': id, 'b': 'a longer text ' || id} END)
              OR ll IS DISTINCT FROM [[id, 0], [id, 1], [id, 2]]
            """));
    }

    [Fact]
    public void Wrong_types_rows_and_values_are_exceptions()
    {
        Run("CREATE TABLE t (i INTEGER, s VARCHAR, d DECIMAL(4,2))");
        using var appender = ChunkAppender.Open(_connection, "t");
        using var chunk = appender.CreateChunk();
        Assert.Throws<InvalidOperationException>(() => chunk[0].WriteInt64(0, 1));
        Assert.Throws<InvalidOperationException>(() => chunk[0].WriteVarchar(0, "x"u8));
        Assert.Throws<ArgumentOutOfRangeException>(() => chunk[0].WriteInt32(DataChunkBuilder.Capacity, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => chunk[0].WriteInt32(-1, 1));
        Assert.Throws<ValueNotRepresentableException>(() => chunk[1].WriteVarchar(0, [0xC3, 0x28]));
        Assert.Throws<ValueNotRepresentableException>(() => chunk[1].WriteVarchar(0, "\uD800".AsSpan()));
        Assert.Throws<ValueNotRepresentableException>(() => chunk[2].WriteDecimal(0, 10000L));
        Assert.Throws<NativeCallException>(() => ChunkAppender.Open(_connection, "absent"));
    }

    [Fact]
    public void An_abandoned_load_leaves_no_unflushed_rows()
    {
        Run("CREATE TABLE t (i INTEGER)");
        using (var appender = ChunkAppender.Open(_connection, "t"))
        using (var chunk = appender.CreateChunk())
        {
            chunk[0].WriteInt32(0, 1);
            appender.Append(chunk, 1);
        }

        Assert.Equal(0L, Scalar("SELECT count(*) FROM t"));
    }

    private void Run(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private object? Scalar(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
