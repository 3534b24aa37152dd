using System.Buffers.Binary;
using LakePortal.Engine.Native;

namespace LakePortal.Ingestion.Offload.CopyBinary;

/// <summary>
/// numeric into DECIMAL(p,s): base-10,000 digits with a weight, to an integer times 10^-s, exactly. <c>numeric_send</c>: int16 number of digits,
/// weight of the first, sign, display scale, then the digits.
/// </summary>
internal sealed class NumericDecoder(int precision, int scale) : ColumnDecoder
{
    private static readonly Int128[] Powers = MakePowers();

    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        if (value.Length < 8)
        {
            throw new SourceProtocolException($"A numeric value has {value.Length} bytes; it needs at least 8.");
        }

        var count = BinaryPrimitives.ReadInt16BigEndian(value);
        int weight = BinaryPrimitives.ReadInt16BigEndian(value[2..]);
        var sign = BinaryPrimitives.ReadUInt16BigEndian(value[4..]);
        if (sign is not (0x0000 or 0x4000))
        {
            throw new ColumnNeedsTextException(sign switch
            {
                0xC000 => "it holds NaN",
                0xD000 or 0xF000 => "it holds infinity",
                _ => throw new SourceProtocolException($"A numeric value has the unknown sign {sign:X4}."),
            });
        }

        if (count < 0 || value.Length != 8 + (count * 2))
        {
            throw new SourceProtocolException($"A numeric value has {value.Length} bytes for {count} digits.");
        }

        var digits = value[8..];

        // At most four digits, the last of them whole or partly behind the scale: everything fits 64 bits.
        var exponent = (4 * (weight - count + 1)) + scale;
        if (count <= 3 && exponent is > -4 and <= 4)
        {
            long small = 0;
            for (var i = 0; i < count; i++)
            {
                small = (small * 10_000) + Digit(digits, i);
            }

            small = exponent >= 0 ? small * (long)Powers[exponent] : Divide(small, (long)Powers[-exponent]);
            target.WriteDecimal(row, sign == 0 ? small : -small);
            return;
        }

        target.WriteDecimal(row, Wide(digits, count, weight, sign != 0));
    }

    private static Int128 Wide128(ReadOnlySpan<byte> digits, int count, int weight, int scale, int precision)
    {
        Int128 result = 0;
        for (var i = 0; i < count; i++)
        {
            var digit = Digit(digits, i);
            if (digit == 0)
            {
                continue;
            }

            var exponent = (4 * (weight - i)) + scale;
            if (exponent >= precision)
            {
                throw new ColumnNeedsTextException($"it holds a number of more than {precision} digits");
            }

            if (exponent >= 0)
            {
                // A top digit that would pass 10^38 is caught here, before 128 bits overflow.
                if (digit >= Powers[Math.Min(38, precision) - exponent > 4 ? 4 : precision - exponent])
                {
                    throw new ColumnNeedsTextException($"it holds a number of more than {precision} digits");
                }

                result += digit * Powers[exponent];
            }
            else
            {
                result += exponent > -4 ? (Int128)Divide(digit, (long)Powers[-exponent]) : throw Inexact(scale);
            }
        }

        return result;
    }

    private static long Divide(long value, long divisor)
    {
        var (quotient, remainder) = Math.DivRem(value, divisor);
        return remainder == 0 ? quotient : throw new ColumnNeedsTextException("it holds a number with more decimals than declared");
    }

    private static ColumnNeedsTextException Inexact(int scale) => new($"it holds a number with more than {scale} decimals");

    private static long Digit(ReadOnlySpan<byte> digits, int index)
    {
        var digit = BinaryPrimitives.ReadUInt16BigEndian(digits[(index * 2)..]);
        return digit < 10_000 ? digit : throw new SourceProtocolException($"A numeric value has the digit {digit}.");
    }

    private static Int128[] MakePowers()
    {
        var powers = new Int128[39];
        powers[0] = 1;
        for (var i = 1; i < powers.Length; i++)
        {
            powers[i] = powers[i - 1] * 10;
        }

        return powers;
    }

    private Int128 Wide(ReadOnlySpan<byte> digits, int count, int weight, bool negative)
    {
        var result = Wide128(digits, count, weight, scale, precision);
        return negative ? -result : result;
    }
}
