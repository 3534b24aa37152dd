using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Values;

/// <summary>Partition values of rows, for writers.</summary>
public static class PartitionTuples
{
    /// <summary>The tuple of a row: one value per field of the spec, in its order.</summary>
    /// <param name="spec">Spec of the file to be written.</param>
    /// <param name="schema">Schema of the row.</param>
    /// <param name="valueOf">The row's typed value of a column, by field id.</param>
    /// <exception cref="InvalidTableDefinitionException">A transform cannot be computed, or its column is not in the schema.</exception>
    public static IReadOnlyList<object?> Compute(PartitionSpec spec, Schema schema, Func<int, object?> valueOf)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(valueOf);
        return [.. spec.Fields.Select(field => field.Transform.Name == "void" ? null : Transforms.Apply(field.Transform, SourceType(field, schema), valueOf(field.SourceId)))];
    }

    /// <summary>Types of the values, in the spec's order.</summary>
    public static IReadOnlyList<PrimitiveType> ResultTypes(PartitionSpec spec, Schema schema)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(schema);
        return [.. spec.Fields.Select(field => Transforms.ResultType(field.Transform, SourceType(field, schema)))];
    }

    private static PrimitiveType SourceType(PartitionField field, Schema schema) =>
        SchemaFields.FindSingleValued(schema.Fields, field.SourceId)
        ?? throw new InvalidTableDefinitionException($"the partition field '{field.Name}' refers to column {field.SourceId}, which the schema does not have");
}
