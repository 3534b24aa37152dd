using System.Buffers.Binary;
using System.Globalization;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>Dates and times of the log, as the server prints them; zeros and what is no date included.</summary>
internal static class BinlogTimes
{
    /// <returns>Null: the column is of another type.</returns>
    public static string? Read(BinlogColumn column, ref ReadOnlySpan<byte> row)
    {
        switch (column.Type)
        {
            case BinlogTypes.Date or BinlogTypes.NewDate:
                var date = (int)Take(ref row, 3);
                return string.Create(CultureInfo.InvariantCulture, $"{date >> 9:D4}-{(date >> 5) & 15:D2}-{date & 31:D2}");
            case BinlogTypes.DateTime:
                var packed = Take(ref row, 8);
                return string.Create(CultureInfo.InvariantCulture,
                    $"{packed / 10_000_000_000:D4}-{packed / 100_000_000 % 100:D2}-{packed / 1_000_000 % 100:D2} {packed / 10_000 % 100:D2}:{packed / 100 % 100:D2}:{packed % 100:D2}");
            case BinlogTypes.Timestamp:
                return Moment((long)Take(ref row, 4), "");
            case BinlogTypes.Time:
                var raw = (int)Take(ref row, 3);
                var value = raw >= 0x800000 ? raw - 0x1000000 : raw;
                return string.Create(CultureInfo.InvariantCulture, $"{(value < 0 ? "-" : "")}{Math.Abs(value) / 10_000:D2}:{Math.Abs(value) / 100 % 100:D2}:{Math.Abs(value) % 100:D2}");
            case BinlogTypes.Timestamp2:
                var seconds = BinaryPrimitives.ReadUInt32BigEndian(row);
                row = row[4..];
                return Moment(seconds, Fraction(ref row, column.Meta));
            case BinlogTypes.DateTime2:
                return DateTime2(column.Meta, ref row);
            case BinlogTypes.Time2:
                return Time2(column.Meta, ref row);
            default:
                return null;
        }
    }

    private static ulong Take(ref ReadOnlySpan<byte> row, int length)
    {
        var value = BinlogBytes.Number(row, length);
        row = row[length..];
        return value;
    }

    private static string Moment(long seconds, string fraction) => seconds == 0 && fraction.Trim('0', '.').Length == 0
        ? $"0000-00-00 00:00:00{fraction}"
        : DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + fraction;

    /// <summary>A sign bit, year and month in one number, day, hour, minute, second; all big-endian.</summary>
    private static string DateTime2(int digits, ref ReadOnlySpan<byte> row)
    {
        var whole = (long)BinlogBytes.Big(row, 5) - 0x8000000000;
        row = row[5..];
        var (days, time) = (whole >> 17, whole & 0x1FFFF);
        var months = days >> 5;
        return string.Create(CultureInfo.InvariantCulture, $"{months / 13:D4}-{months % 13:D2}-{days & 31:D2} {time >> 12:D2}:{(time >> 6) & 63:D2}:{time & 63:D2}") + Fraction(ref row, digits);
    }

    /// <summary>A negative time's number and fraction are one number below the middle.</summary>
    private static string Time2(int digits, ref ReadOnlySpan<byte> row)
    {
        var bytes = (digits + 1) / 2;
        var whole = (long)BinlogBytes.Big(row, 3 + bytes) - (0x800000L << (bytes * 8));
        row = row[(3 + bytes)..];
        var size = Math.Abs(whole);
        var (time, part) = (size >> (bytes * 8), size & ((1L << (bytes * 8)) - 1));
        return string.Create(CultureInfo.InvariantCulture, $"{(whole < 0 ? "-" : "")}{(time >> 12) & 0x3FF:D2}:{(time >> 6) & 63:D2}:{time & 63:D2}") + Digits(part, bytes, digits);
    }

    private static string Fraction(ref ReadOnlySpan<byte> row, int digits)
    {
        var bytes = (digits + 1) / 2;
        var part = (long)BinlogBytes.Big(row, bytes);
        row = row[bytes..];
        return Digits(part, bytes, digits);
    }

    /// <summary>Each byte holds two digits.</summary>
    private static string Digits(long part, int bytes, int digits) => digits == 0 ? "" : $".{part.ToString(CultureInfo.InvariantCulture).PadLeft(bytes * 2, '0')[..digits]}";
}
