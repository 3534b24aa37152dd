using LakePortal.Engine.Native;
using LakePortal.Ingestion.Offload.CopyBinary;

namespace LakePortal.Ingestion.Capture.TextValues;

/// <summary>Reads the ISO forms that PostgreSQL prints with DateStyle ISO.</summary>
internal ref struct TemporalCursor(ReadOnlySpan<byte> text, string type)
{
    private ReadOnlySpan<byte> _rest = text;

    public readonly bool AtEnd => _rest.Length == 0;

    public int Digits(int least, int most)
    {
        var (value, count) = (0, 0);
        while (count < _rest.Length && count < most && _rest[count] is >= (byte)'0' and <= (byte)'9')
        {
            value = (value * 10) + (_rest[count] - (byte)'0');
            count++;
        }

        _rest = count >= least ? _rest[count..] : throw Fault();
        return value;
    }

    public bool Take(byte character)
    {
        if (_rest.Length == 0 || _rest[0] != character)
        {
            return false;
        }

        _rest = _rest[1..];
        return true;
    }

    public void Expect(byte character)
    {
        if (!Take(character))
        {
            throw Fault();
        }
    }

    /// <summary>Days since 1970-01-01.</summary>
    public int Date()
    {
        var year = Digits(4, 6);
        Expect((byte)'-');
        var month = Digits(2, 2);
        Expect((byte)'-');
        var day = Digits(2, 2);
        if (year is < 1 or > 9999)
        {
            throw new ColumnNeedsTextException($"it holds a {type} outside the years 1 to 9999");
        }

        return month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year, month)
            ? new DateOnly(year, month, day).DayNumber - new DateOnly(1970, 1, 1).DayNumber
            : throw Fault();
    }

    /// <summary>Microseconds of the day.</summary>
    public long Time()
    {
        long hours = Digits(2, 2);
        Expect((byte)':');
        var minutes = Digits(2, 2);
        Expect((byte)':');
        var seconds = Digits(2, 2);
        long micros = 0;
        if (Take((byte)'.'))
        {
            var before = _rest.Length;
            micros = Digits(1, 6);
            for (var i = before - _rest.Length; i < 6; i++)
            {
                micros *= 10;
            }
        }

        return (((((hours * 60) + minutes) * 60) + seconds) * 1_000_000) + micros;
    }

    /// <summary>After what was read nothing may follow but the mark of years before the first.</summary>
    public void End()
    {
        if (_rest.SequenceEqual(" BC"u8))
        {
            throw new ColumnNeedsTextException($"it holds a {type} outside the years 1 to 9999");
        }

        if (_rest.Length > 0)
        {
            throw Fault();
        }
    }

    private readonly SourceProtocolException Fault() => new($"A value of type {type} is not in ISO form.");
}

internal sealed class DateTextDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        if (value.EndsWith("infinity"u8))
        {
            throw new ColumnNeedsTextException("it holds an infinite date");
        }

        if (value.EndsWith(" BC"u8))
        {
            throw new ColumnNeedsTextException("it holds a date outside the years 1 to 9999");
        }

        var cursor = new TemporalCursor(value, "date");
        var days = cursor.Date();
        cursor.End();
        target.WriteDate(row, days);
    }
}

internal sealed class TimeTextDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        var cursor = new TemporalCursor(value, "time");
        var microseconds = cursor.Time();
        cursor.End();
        target.WriteTime(row, microseconds < 86_400_000_000 ? microseconds : throw new ColumnNeedsTextException("it holds the time 24:00:00"));
    }
}

/// <summary>timestamp, and timestamptz as printed in UTC.</summary>
internal sealed class TimestampTextDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        if (value.EndsWith("infinity"u8))
        {
            throw new ColumnNeedsTextException("it holds an infinite timestamp");
        }

        if (value.EndsWith(" BC"u8))
        {
            throw new ColumnNeedsTextException("it holds a timestamp outside the years 1 to 9999");
        }

        var cursor = new TemporalCursor(value, "timestamp");
        long days = cursor.Date();
        cursor.Expect((byte)' ');
        var time = cursor.Time();
        if (cursor.Take((byte)'+') && cursor.Digits(2, 2) != 0)
        {
            throw new SourceProtocolException("A timestamp with time zone is not in UTC.");
        }

        cursor.End();
        target.WriteTimestamp(row, (days * 86_400_000_000) + time);
    }
}
