using LakePortal.Iceberg;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Engine.Writing.Partitions;

/// <summary>The columns by which COPY divides the rows: one per field of the spec, none for fields whose value is always null.</summary>
internal sealed class PartitionColumns
{
    private readonly PartitionColumn?[] _byField;

    private PartitionColumns(PartitionColumn?[] byField) => _byField = byField;

    public IReadOnlyList<PartitionColumn> Columns => [.. _byField.OfType<PartitionColumn>()];

    public bool UseBuckets { get; private init; }

    /// <exception cref="TransformNotWritableException">A transform is unknown or its source is gone.</exception>
    public static PartitionColumns Of(TableIdentifier table, Schema schema, PartitionSpec spec)
    {
        var taken = new HashSet<string>(schema.Fields.Select(f => f.Name), StringComparer.OrdinalIgnoreCase);
        var columns = new PartitionColumn?[spec.Fields.Count];
        for (var i = 0; i < columns.Length; i++)
        {
            var field = spec.Fields[i];
            if (field.Transform.Name == "void")
            {
                continue;
            }

            var (type, sql, path) = Source(schema, field.SourceId) ?? throw new TransformNotWritableException(table, field.Transform.ToString(), $"field {field.SourceId}");
            var name = Alias(field.Name, i, taken);
            columns[i] = PartitionColumn.Of(name, field.Transform, type, Transforms.ResultType(field.Transform, type), sql)
                ?? throw new TransformNotWritableException(table, field.Transform.ToString(), path);
        }

        return new PartitionColumns(columns) { UseBuckets = spec.Fields.Any(f => f.Transform.Name == "bucket") };
    }

    /// <summary>The tuple for the manifest, in the spec's order.</summary>
    /// <param name="keys">Text by alias, as COPY reports it.</param>
    /// <param name="readBack">Gives the value of a column whose text is a hash: all rows of the file have it.</param>
    public IReadOnlyList<object?> Tuple(IReadOnlyDictionary<string, string?> keys, Func<PartitionColumn, string> readBack) =>
        [.. _byField.Select(column =>
        {
            if (column is null)
            {
                return null;
            }

            var text = keys[column.Name];
            return text is not null && column.IsHashed(text) ? column.Value(readBack(column)) : column.Decode(text);
        })];

    private static (PrimitiveType Type, string Sql, string Path)? Source(Schema schema, int id)
    {
        foreach (var field in schema.Fields)
        {
            if (Find(field, id, WriterSql.Name(field.Name), field.Name) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static (PrimitiveType Type, string Sql, string Path)? Find(NestedField field, int id, string sql, string path)
    {
        if (field.Id == id)
        {
            return field.Type is PrimitiveType type ? (type, sql, path) : null;
        }

        foreach (var child in field.Type is StructType s ? s.Fields : [])
        {
            if (Find(child, id, $"{sql}.{WriterSql.Name(child.Name)}", $"{path}.{child.Name}") is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static string Alias(string name, int index, HashSet<string> taken)
    {
        var plain = name.Length is > 0 and <= 60 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
        var alias = plain && !taken.Contains(name) ? name : $"partition_{index}";
        while (!taken.Add(alias))
        {
            alias += "_";
        }

        return alias;
    }
}
