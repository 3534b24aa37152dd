namespace LakePortal.Iceberg.Schemas;

/// <summary>Walks through nested fields.</summary>
public static class SchemaFields
{
    /// <summary>Every field at any depth, list elements and map keys and values included (named <c>element</c>, <c>key</c>, <c>value</c>).</summary>
    public static IEnumerable<NestedField> Walk(IReadOnlyList<NestedField> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        foreach (var field in fields)
        {
            yield return field;
            foreach (var child in Walk(Children(field.Type)))
            {
                yield return child;
            }
        }
    }

    /// <summary>A field at any depth.</summary>
    public static NestedField? FindById(IReadOnlyList<NestedField> fields, int id) => Walk(fields).FirstOrDefault(f => f.Id == id);

    /// <summary>A primitive column that has one value per row: top level or inside structs only.</summary>
    public static PrimitiveType? FindSingleValued(IReadOnlyList<NestedField> fields, int id)
    {
        ArgumentNullException.ThrowIfNull(fields);
        foreach (var field in fields)
        {
            var found = field.Type switch
            {
                PrimitiveType primitive when field.Id == id => primitive,
                StructType nested => FindSingleValued(nested.Fields, id),
                _ => null,
            };
            if (found is not null)
            {
                return found;
            }
        }

        return null;
    }

    public static IReadOnlyList<NestedField> Children(IcebergType type) => type switch
    {
        StructType s => s.Fields,
        ListType l => [new NestedField(l.ElementId, "element", l.Element, l.ElementRequired)],
        MapType m => [new NestedField(m.KeyId, "key", m.Key, true), new NestedField(m.ValueId, "value", m.Value, m.ValueRequired)],
        _ => [],
    };

    /// <summary>Highest id of any depth; 0 when there are no fields.</summary>
    public static int HighestId(IReadOnlyList<NestedField> fields) => Walk(fields).Select(f => f.Id).DefaultIfEmpty(0).Max();
}
