using System.Globalization;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Serving.Tables;

/// <summary>A partition in words: <c>created_at_day=2026-01-31, country=null</c>.</summary>
internal static class PartitionText
{
    public static string Of(TableMetadata metadata, ContentFile file)
    {
        var spec = metadata.PartitionSpecs.FirstOrDefault(s => s.SpecId == file.SpecId);
        return spec is null || spec.IsUnpartitioned
            ? ""
            : string.Join(", ", spec.Fields.Zip(file.Partition).Select(f => $"{f.First.Name}={Value(metadata, f.First, f.Second)}"));
    }

    private static string Value(TableMetadata metadata, PartitionField field, object? value)
    {
        if (value is null)
        {
            return "null";
        }

        var type = metadata.Schemas.Select(s => s.FindById(field.SourceId)?.Type).FirstOrDefault(t => t is not null) as PrimitiveType;
        return (field.Transform.Name, value) switch
        {
            ("year", int years) => (1970 + years).ToString("0000", CultureInfo.InvariantCulture),
            ("month", int months) => Epoch.AddMonths(months).ToString("yyyy-MM", CultureInfo.InvariantCulture),
            ("day", int days) => Epoch.AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            ("hour", int hours) => Epoch.AddHours(hours).ToString("yyyy-MM-dd-HH", CultureInfo.InvariantCulture),
            ("identity" or "truncate", int days) when type?.Kind == PrimitiveKind.Date => Epoch.AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            ("identity", long micros) when type?.Kind is PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz =>
                Epoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond).ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture),
            ("identity", long micros) when type?.Kind == PrimitiveKind.Time =>
                new TimeSpan(micros * TimeSpan.TicksPerMicrosecond).ToString("c", CultureInfo.InvariantCulture),
            (_, byte[] bytes) => Convert.ToHexStringLower(bytes),
            (_, IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };
    }

    private static DateTime Epoch => DateTime.UnixEpoch;
}
