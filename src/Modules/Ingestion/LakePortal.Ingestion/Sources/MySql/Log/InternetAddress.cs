using System.Globalization;
using System.Net;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>Addresses as MariaDB prints its types inet4 and inet6.</summary>
internal static class InternetAddress
{
    public static string Print(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != 16)
        {
            return new IPAddress(bytes).ToString();
        }

        Span<ushort> groups = stackalloc ushort[8];
        for (var i = 0; i < 8; i++)
        {
            groups[i] = (ushort)((bytes[i * 2] << 8) | bytes[(i * 2) + 1]);
        }

        var (start, length) = LongestZeros(groups);

        // Addresses of version 4 within version 6.
        if (start == 0 && (length == 6 || (length == 5 && groups[5] == 0xFFFF)))
        {
            return $"::{(length == 5 ? "ffff:" : "")}{new IPAddress(bytes[12..])}";
        }

        var text = new System.Text.StringBuilder();
        for (var i = 0; i < 8; i++)
        {
            if (i == start)
            {
                text.Append(i == 0 ? "::" : ":");
                i += length - 1;
                continue;
            }

            text.Append(groups[i].ToString("x", CultureInfo.InvariantCulture)).Append(i < 7 ? ":" : "");
        }

        return text.ToString();
    }

    /// <summary>The first of the longest runs of zeros.</summary>
    private static (int Start, int Length) LongestZeros(ReadOnlySpan<ushort> groups)
    {
        var (start, length) = (-1, 0);
        for (var i = 0; i < groups.Length; i++)
        {
            var run = 0;
            while (i + run < groups.Length && groups[i + run] == 0)
            {
                run++;
            }

            if (run > length)
            {
                (start, length) = (i, run);
            }

            i += Math.Max(0, run - 1);
        }

        return (start, length);
    }
}
