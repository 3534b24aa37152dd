using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Tables;

/// <summary>The types that a spec's partition values have, given the table's schemas.</summary>
internal static class PartitionTypes
{
    /// <summary>By field of the spec: source type (null: the column is in no schema any more) and result type.</summary>
    public static IReadOnlyList<(PrimitiveType? Source, PrimitiveType Result)> Of(TableMetadata metadata, PartitionSpec spec) =>
        [.. spec.Fields.Select(field =>
        {
            var source = FindSource(metadata, field.SourceId);
            return (source, source is null ? ResultWithoutSource(field.Transform) : Transforms.ResultType(field.Transform, source));
        })];

    public static PrimitiveType? FindSource(TableMetadata metadata, int fieldId)
    {
        // The current schema first: promotions only ever widen. Dropped columns live on in older schemas.
        var schemas = metadata.Schemas.OrderByDescending(s => s.SchemaId == metadata.CurrentSchemaId).ThenByDescending(s => s.SchemaId);
        foreach (var schema in schemas)
        {
            if (SchemaFields.FindById(schema.Fields, fieldId)?.Type is PrimitiveType type)
            {
                return type;
            }
        }

        return null;
    }

    private static PrimitiveType ResultWithoutSource(Transform transform) => transform.Name switch
    {
        "bucket" or "year" or "month" or "hour" => PrimitiveType.Int,
        "day" => PrimitiveType.Date,
        _ => new PrimitiveType(PrimitiveKind.Unknown),
    };
}
