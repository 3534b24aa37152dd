using LakePortal.Iceberg.Schemas;

namespace LakePortal.Iceberg.Commits;

/// <summary>Changes to nested fields by id, and fresh ids for new ones.</summary>
internal static class SchemaTree
{
    /// <summary>Where a field is: itself, the field around it (null: top level), and whether it is an element, key or value, which have no name of their own.</summary>
    public sealed record Place(NestedField Field, NestedField? Parent, bool IsPart);

    /// <summary>Finds a field by path; names may contain dots themselves.</summary>
    public static Place? Find(IReadOnlyList<NestedField> fields, string path, NestedField? parent = null)
    {
        foreach (var field in fields)
        {
            if (path == field.Name)
            {
                return new Place(field, parent, parent?.Type is ListType or MapType);
            }

            if (path.StartsWith(field.Name + ".", StringComparison.Ordinal)
                && Find(SchemaFields.Children(field.Type), path[(field.Name.Length + 1)..], field) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>Replaces one field; null removes it.</summary>
    public static IReadOnlyList<NestedField> Replace(IReadOnlyList<NestedField> fields, int id, Func<NestedField, NestedField?> change)
    {
        var result = new List<NestedField>(fields.Count);
        foreach (var field in fields)
        {
            var next = field.Id == id ? change(field) : field with { Type = ReplaceIn(field.Type, id, change) };
            if (next is not null)
            {
                result.Add(next);
            }
        }

        return result;
    }

    /// <summary>Gives every field at every depth a new id: all of one level first, then those inside them.</summary>
    public static IReadOnlyList<NestedField> AssignIds(IReadOnlyList<NestedField> fields, Func<int> next)
    {
        var numbered = fields.Select(f => f with { Id = next() }).ToList();
        return [.. numbered.Select(f => f with { Type = AssignIds(f.Type, next) })];
    }

    public static IcebergType AssignIds(IcebergType type, Func<int> next)
    {
        switch (type)
        {
            case StructType s:
                return new StructType(AssignIds(s.Fields, next));
            case ListType l:
                var element = next();
                return new ListType(element, AssignIds(l.Element, next), l.ElementRequired);
            case MapType m:
                var key = next();
                var value = next();
                return new MapType(key, AssignIds(m.Key, next), value, AssignIds(m.Value, next), m.ValueRequired);
            default:
                return type;
        }
    }

    private static IcebergType ReplaceIn(IcebergType type, int id, Func<NestedField, NestedField?> change)
    {
        var children = SchemaFields.Children(type);
        if (children.Count == 0)
        {
            return type;
        }

        var next = Replace(children, id, change);
        return type switch
        {
            ListType l => l with { Element = next[0].Type, ElementRequired = next[0].Required },
            MapType m => m with { Key = next[0].Type, Value = next[1].Type, ValueRequired = next[1].Required },
            _ => new StructType(next),
        };
    }
}
