using System.Globalization;
using System.Text;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>Numbers of floating point as the server prints them (<c>my_gcvt</c>): the shortest digits that read back as the same number, plain between 1e-15 and 1e15.</summary>
internal static class ServerNumbers
{
    private const int MostPlain = 15;

    public static string Print(double number)
    {
        var plain = number.ToString("R", CultureInfo.InvariantCulture);
        if (number == 0 || !double.IsFinite(number))
        {
            return plain == "-0" ? "-0" : plain;
        }

        var (mantissa, exponent) = plain.Split('E') is [var m, var e] ? (m, int.Parse(e, CultureInfo.InvariantCulture)) : (plain, 0);
        mantissa = mantissa.TrimStart('-');
        var whole = mantissa.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? dot : mantissa.Length;
        var all = mantissa.Replace(".", "", StringComparison.Ordinal);
        var digits = all.Trim('0');
        var point = whole - (all.Length - all.TrimStart('0').Length) + exponent;
        var text = new StringBuilder(number < 0 ? "-" : "");
        if (point is < -MostPlain + 1 or > MostPlain)
        {
            text.Append(digits[0]).Append(digits.Length > 1 ? "." : "").Append(digits.AsSpan(1)).Append('e').Append((point - 1).ToString(CultureInfo.InvariantCulture));
        }
        else if (point <= 0)
        {
            text.Append("0.").Append('0', -point).Append(digits);
        }
        else if (digits.Length <= point)
        {
            text.Append(digits).Append('0', point - digits.Length);
        }
        else
        {
            text.Append(digits.AsSpan(0, point)).Append('.').Append(digits.AsSpan(point));
        }

        return text.ToString();
    }
}
