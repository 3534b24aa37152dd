using System.Buffers.Binary;
using LakePortal.Engine.Native;

namespace LakePortal.Ingestion.Offload.CopyBinary;

/// <summary>
/// PostgreSQL counts from 2000-01-01 and reaches from 4713 BC to beyond the year 294,000, with both infinities. Lake tables hold the years 1 to
/// 9999, which every reader of the format can show; anything else makes the column text.
/// </summary>
internal static class PostgresEpoch
{
    public const int Days = 10_957;
    public const long Microseconds = 946_684_800_000_000;
    public const int FirstDay = -719_162;
    public const int LastDay = 2_932_896;
    public const long FirstMicrosecond = FirstDay * 86_400_000_000L;
    public const long LastMicrosecond = ((LastDay + 1L) * 86_400_000_000L) - 1;
}

internal sealed class DateDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        Expect(value, 4, "date");
        var days = BinaryPrimitives.ReadInt32BigEndian(value);
        if (days is int.MaxValue or int.MinValue)
        {
            throw new ColumnNeedsTextException("it holds an infinite date");
        }

        var unix = (long)days + PostgresEpoch.Days;
        if (unix is < PostgresEpoch.FirstDay or > PostgresEpoch.LastDay)
        {
            throw new ColumnNeedsTextException("it holds a date outside the years 1 to 9999");
        }

        target.WriteDate(row, (int)unix);
    }
}

/// <summary>timestamp and timestamptz: the same number, in UTC for the latter.</summary>
internal sealed class TimestampDecoder : ColumnDecoder
{
    private const long Lowest = PostgresEpoch.FirstMicrosecond - PostgresEpoch.Microseconds;
    private const long Highest = PostgresEpoch.LastMicrosecond - PostgresEpoch.Microseconds;

    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        Expect(value, 8, "timestamp");
        var microseconds = BinaryPrimitives.ReadInt64BigEndian(value);
        if (microseconds is < Lowest or > Highest)
        {
            throw new ColumnNeedsTextException(microseconds is long.MaxValue or long.MinValue
                ? "it holds an infinite timestamp"
                : "it holds a timestamp outside the years 1 to 9999");
        }

        target.WriteTimestamp(row, microseconds + PostgresEpoch.Microseconds);
    }
}

internal sealed class TimeDecoder : ColumnDecoder
{
    private const long Day = 86_400_000_000;

    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        Expect(value, 8, "time");
        var microseconds = BinaryPrimitives.ReadInt64BigEndian(value);
        if (microseconds is < 0 or >= Day)
        {
            throw new ColumnNeedsTextException("it holds the time 24:00:00");
        }

        target.WriteTime(row, microseconds);
    }
}
