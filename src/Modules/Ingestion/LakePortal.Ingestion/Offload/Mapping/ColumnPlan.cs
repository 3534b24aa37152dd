using LakePortal.Iceberg.Schemas;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Offload.Mapping;

/// <summary>How a source column becomes a lake column.</summary>
/// <param name="Source">Column as the catalogs describe it.</param>
/// <param name="LakeName">Its name in the lake; differs only when the name is taken.</param>
/// <param name="Type">Type in the lake.</param>
/// <param name="StagingType">DuckDB's type for it.</param>
/// <param name="Select">Expression of the COPY's SELECT.</param>
/// <param name="Decoder">Reads the value that the expression yields.</param>
/// <param name="Note">Why it is text, or has another name; null: nothing to say.</param>
internal sealed record ColumnPlan(
    SourceColumn Source, string LakeName, IcebergType Type, string StagingType, string Select, ColumnDecoder Decoder, string? Note)
{
    public bool IsText => Type is PrimitiveType { Kind: PrimitiveKind.String };

    public string LakeType => TypeNames.Display(Type);
}

internal static class TypeNames
{
    /// <summary>The specification's spelling: <c>decimal(12,2)</c>, <c>list&lt;string&gt;</c>.</summary>
    public static string Display(IcebergType type) => type switch
    {
        PrimitiveType { Kind: PrimitiveKind.Decimal } d => $"decimal({d.Precision},{d.Scale})",
        PrimitiveType { Kind: PrimitiveKind.Fixed } f => $"fixed[{f.Length}]",
        PrimitiveType { Kind: PrimitiveKind.TimestampTz } => "timestamptz",
        PrimitiveType p => p.Kind.ToString().ToLowerInvariant(),
        ListType list => $"list<{Display(list.Element)}>",
        MapType map => $"map<{Display(map.Key)}, {Display(map.Value)}>",
        StructType s => $"struct<{string.Join(", ", s.Fields.Select(f => $"{f.Name}: {Display(f.Type)}"))}>",
        _ => type.ToString(),
    };
}
