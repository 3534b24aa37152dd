using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Commits;

internal static class SchemaRules
{
    private const int HighestFieldId = 2147483447;

    public static bool CanPromote(PrimitiveType from, PrimitiveType to) => from == to || (from.Kind, to.Kind) switch
    {
        (PrimitiveKind.Int, PrimitiveKind.Long) or (PrimitiveKind.Float, PrimitiveKind.Double) => true,
        (PrimitiveKind.Decimal, PrimitiveKind.Decimal) => to.Scale == from.Scale && to.Precision > from.Precision && to.Precision <= 38,
        _ => false,
    };

    /// <summary>Refuses types that version 2 does not have, and duplicate names in structs.</summary>
    public static void CheckType(IcebergType type)
    {
        if (type is PrimitiveType { Kind: PrimitiveKind.TimestampNs or PrimitiveKind.TimestampTzNs or PrimitiveKind.Unknown or PrimitiveKind.Variant } newer)
        {
            throw new InvalidTableDefinitionException($"the type {TypeNames.Format(newer)} needs format version 3");
        }

        if (type is PrimitiveType { Kind: PrimitiveKind.Decimal } d && (d.Precision is < 1 or > 38 || d.Scale < 0 || d.Scale > d.Precision))
        {
            throw new InvalidTableDefinitionException($"decimal({d.Precision}, {d.Scale}) is no type: the precision is 1 to 38, the scale at most that");
        }

        if (type is StructType s)
        {
            CheckFields(s.Fields);
        }

        foreach (var child in SchemaFields.Children(type))
        {
            CheckType(child.Type);
        }
    }

    public static void CheckFields(IReadOnlyList<NestedField> fields)
    {
        if (fields.Count == 0)
        {
            throw new InvalidTableDefinitionException("a table or struct needs at least one column");
        }

        if (fields.GroupBy(f => f.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new InvalidTableDefinitionException($"the column '{twice.Key}' is given twice");
        }

        if (fields.Any(f => string.IsNullOrEmpty(f.Name)))
        {
            throw new InvalidTableDefinitionException("a column needs a name");
        }
    }

    /// <summary>Specification, section "Identifier Field IDs": required primitives, no floating point, not inside lists or maps.</summary>
    public static void CheckIdentifier(IReadOnlyList<NestedField> fields, NestedField field, string path)
    {
        if (field.Type is not PrimitiveType type || ValueKindIsFloating(type) || SchemaFields.FindSingleValued(fields, field.Id) is null)
        {
            throw new InvalidTableDefinitionException($"'{path}' is {TypeNames.Describe(field.Type)} and cannot be part of the key");
        }

        if (!field.Required)
        {
            throw new InvalidTableDefinitionException($"'{path}' may be null and cannot be part of the key");
        }
    }

    public static void CheckFieldId(int highest)
    {
        if (highest is > HighestFieldId or < 0)
        {
            throw new InvalidTableDefinitionException("the table has used up its column ids");
        }
    }

    private static bool ValueKindIsFloating(PrimitiveType type) => type.Kind is PrimitiveKind.Float or PrimitiveKind.Double;
}
