using System.Globalization;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Scans;

/// <summary>A spec and partition tuple as a dictionary key: equal when the values are, whatever width they were written with.</summary>
internal readonly record struct PartitionKey(int SpecId, string Values)
{
    public static PartitionKey Of(ContentFile file) => new(file.SpecId, string.Join('\u001f', file.Partition.Select(Text)));

    private static string Text(object? value) => value switch
    {
        null => "n",
        string s => $"s{s.Length.ToString(CultureInfo.InvariantCulture)}:{s}",
        byte[] b => "b" + Convert.ToHexString(b),
        // Bits, not numbers: the two zeros and the NaNs are partitions of their own.
        float f => "d" + BitConverter.DoubleToInt64Bits(f).ToString(CultureInfo.InvariantCulture),
        double d => "d" + BitConverter.DoubleToInt64Bits(d).ToString(CultureInfo.InvariantCulture),
        IcebergDecimal d => "m" + d,
        IFormattable f => "v" + f.ToString(null, CultureInfo.InvariantCulture),
        _ => "v" + value,
    };
}
