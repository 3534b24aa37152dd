using LakePortal.Iceberg;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Values;

namespace LakePortal.Engine.Writing.Types;

/// <param name="Name">Name as the SELECT gives it.</param>
/// <param name="DuckDbType">Type as DESCRIBE prints it.</param>
internal sealed record SourceColumn(string Name, string DuckDbType)
{
    public IcebergType Type { get; } = DuckDbTypes.ToIceberg(DuckDbType);
}

/// <summary>Columns of the table's schema in order, each with the column of the SELECT that fills it.</summary>
internal sealed record ColumnAssignment(NestedField Field, string Source);

/// <param name="Parent">Name path of the enclosing struct; null: top level.</param>
internal sealed record ColumnAddition(string? Parent, string Name, IcebergType Type);

internal sealed record ColumnPromotion(string Path, PrimitiveType NewType);

/// <summary>What must change in the table before the rows fit, and which column fills which.</summary>
internal sealed record ColumnMatch(
    IReadOnlyList<ColumnAssignment> Assignments, IReadOnlyList<ColumnAddition> Additions, IReadOnlyList<ColumnPromotion> Promotions)
{
    public bool NeedsEvolution => Additions.Count + Promotions.Count > 0;

    /// <summary>Matches by name (case does not count, as in DuckDB), nested fields too.</summary>
    /// <exception cref="ColumnMismatchException">A column is missing, or its type neither fits nor can be promoted.</exception>
    /// <exception cref="DuplicateColumnException">Two columns have the same name.</exception>
    public static ColumnMatch Of(TableIdentifier target, Schema schema, IReadOnlyList<SourceColumn> columns)
    {
        RefuseDuplicates(columns.Select(c => c.Name));
        RefuseDuplicates(schema.Fields.Select(f => f.Name));
        var match = new Matcher(target);
        var byName = columns.ToDictionary(c => c.Name, StringComparer.OrdinalIgnoreCase);
        var assignments = new List<ColumnAssignment>(schema.Fields.Count);
        foreach (var field in schema.Fields)
        {
            if (!byName.Remove(field.Name, out var column))
            {
                throw new ColumnMismatchException(target, field.Name, "the rows do not have it", $"Select it, or NULL: CAST(NULL AS {DuckDbTypes.ToDuckDb(field.Type)}) AS {WriterSql.Name(field.Name)}.");
            }

            match.Compare(field.Name, column.Type, field.Type);
            assignments.Add(new ColumnAssignment(field, column.Name));
        }

        foreach (var column in columns.Where(c => byName.ContainsKey(c.Name)))
        {
            match.Additions.Add(new ColumnAddition(null, column.Name, column.Type));
        }

        return new ColumnMatch(assignments, match.Additions, match.Promotions);
    }

    public static void RefuseDuplicates(IEnumerable<string> names)
    {
        var seen = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in names)
        {
            if (!seen.TryAdd(name, name))
            {
                throw new DuplicateColumnException(seen[name], name);
            }
        }
    }

    private sealed class Matcher(TableIdentifier target)
    {
        public List<ColumnAddition> Additions { get; } = [];

        public List<ColumnPromotion> Promotions { get; } = [];

        public void Compare(string path, IcebergType source, IcebergType field)
        {
            switch (source, field)
            {
                case (PrimitiveType s, PrimitiveType f):
                    if (Widening.Fits(s, f))
                    {
                        return;
                    }

                    if (Widening.Promoted(s, f) is { } promoted)
                    {
                        Promotions.Add(new ColumnPromotion(path, promoted));
                        return;
                    }

                    break;
                case (StructType s, StructType f):
                    Structs(path, s, f);
                    return;
                case (ListType s, ListType f):
                    Compare($"{path}.element", s.Element, f.Element);
                    return;
                case (MapType s, MapType f):
                    Compare($"{path}.key", s.Key, f.Key);
                    Compare($"{path}.value", s.Value, f.Value);
                    return;
            }

            throw new ColumnMismatchException(target, path, $"the rows have {TypeNames.Describe(source)}, the table has {TypeNames.Describe(field)}",
                field is PrimitiveType p && p.Kind < PrimitiveKind.Fixed ? $"Cast it: CAST({path} AS {DuckDbTypes.ToDuckDb(field)})." : "Select it in the table's type, or under another name.");
        }

        private void Structs(string path, StructType source, StructType field)
        {
            RefuseDuplicates(source.Fields.Select(f => f.Name));
            var byName = source.Fields.ToDictionary(f => f.Name, StringComparer.OrdinalIgnoreCase);
            foreach (var child in field.Fields)
            {
                if (!byName.Remove(child.Name, out var match))
                {
                    throw new ColumnMismatchException(target, $"{path}.{child.Name}", "the rows do not have it", "Select the struct with all its fields; NULL where there is no value.");
                }

                Compare($"{path}.{child.Name}", match.Type, child.Type);
            }

            foreach (var added in source.Fields.Where(f => byName.ContainsKey(f.Name)))
            {
                Additions.Add(new ColumnAddition(path, added.Name, added.Type));
            }
        }
    }
}
