using LakePortal.Iceberg.Metadata;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Commits;

/// <summary>Schema evolution on one version of a table (specification, section "Schema Evolution").</summary>
internal sealed class SchemaUpdate(TableMetadata metadata) : ISchemaUpdate
{
    private IReadOnlyList<NestedField> _fields = metadata.CurrentSchema.Fields;
    private IReadOnlyList<int> _identifiers = metadata.CurrentSchema.IdentifierFieldIds;
    private int _lastColumnId = metadata.LastColumnId;

    public ISchemaUpdate AddColumn(string? parent, string name, IcebergType type, string? doc = null)
    {
        CheckName(name);
        SchemaRules.CheckType(type);
        var into = parent is null ? null : StructWithin(parent);
        var siblings = into is null ? _fields : ((StructType)into.Type).Fields;
        CheckFree(siblings, name);

        var id = ++_lastColumnId;
        var field = new NestedField(id, name, SchemaTree.AssignIds(type, () => ++_lastColumnId), Required: false, doc);
        SchemaRules.CheckFieldId(_lastColumnId);
        _fields = into is null
            ? [.. _fields, field]
            : SchemaTree.Replace(_fields, into.Id, f => f with { Type = new StructType([.. ((StructType)f.Type).Fields, field]) });
        return this;
    }

    public ISchemaUpdate DropColumn(string path)
    {
        var place = Require(path);
        if (place.IsPart)
        {
            throw new InvalidSchemaChangeException($"'{path}' is part of a list or map and cannot be dropped alone");
        }

        foreach (var inner in SchemaFields.Walk([place.Field]))
        {
            if (metadata.DefaultSpec.Fields.FirstOrDefault(f => f.SourceId == inner.Id && f.Transform.Name != "void") is { } partition)
            {
                throw new InvalidSchemaChangeException($"'{path}' is used by the partition field '{partition.Name}'");
            }

            if (metadata.SortOrders.First(o => o.OrderId == metadata.DefaultSortOrderId).Fields.Any(f => f.SourceId == inner.Id))
            {
                throw new InvalidSchemaChangeException($"'{path}' is used by the sort order");
            }

            if (_identifiers.Contains(inner.Id))
            {
                throw new InvalidSchemaChangeException($"'{path}' is part of the key");
            }
        }

        _fields = SchemaTree.Replace(_fields, place.Field.Id, _ => null);
        if (_fields.Count == 0 || place.Parent?.Type is StructType { Fields.Count: 1 })
        {
            throw new InvalidSchemaChangeException($"'{path}' is the only column left there");
        }

        return this;
    }

    public ISchemaUpdate RenameColumn(string path, string newName)
    {
        CheckName(newName);
        var place = Require(path);
        if (place.IsPart)
        {
            throw new InvalidSchemaChangeException($"'{path}' is part of a list or map and has no name of its own");
        }

        if (place.Field.Name != newName)
        {
            CheckFree(place.Parent is null ? _fields : SchemaFields.Children(place.Parent.Type), newName);
            Change(place, f => f with { Name = newName });
        }

        return this;
    }

    public ISchemaUpdate PromoteColumn(string path, PrimitiveType newType)
    {
        ArgumentNullException.ThrowIfNull(newType);
        var place = Require(path);
        if (place.Parent?.Type is MapType map && map.KeyId == place.Field.Id)
        {
            throw new InvalidSchemaChangeException($"'{path}' is the key of a map, whose type cannot change");
        }

        if (place.Field.Type is not PrimitiveType oldType || !SchemaRules.CanPromote(oldType, newType))
        {
            throw new InvalidSchemaChangeException($"'{path}' is {TypeNames.Describe(place.Field.Type)} and cannot become {TypeNames.Format(newType)}");
        }

        Change(place, f => f with { Type = newType });
        return this;
    }

    public ISchemaUpdate MakeOptional(string path)
    {
        var place = Require(path);
        if (_identifiers.Contains(place.Field.Id))
        {
            throw new InvalidSchemaChangeException($"'{path}' is part of the key, which is never null");
        }

        if (place.Parent?.Type is MapType map && map.KeyId == place.Field.Id)
        {
            throw new InvalidSchemaChangeException($"'{path}' is the key of a map, which is never null");
        }

        Change(place, f => f with { Required = false });
        return this;
    }

    public ISchemaUpdate SetDoc(string path, string? doc)
    {
        var place = Require(path);
        if (place.IsPart)
        {
            throw new InvalidSchemaChangeException($"'{path}' is part of a list or map and cannot be documented");
        }

        Change(place, f => f with { Doc = doc });
        return this;
    }

    public ISchemaUpdate SetIdentifierFields(IReadOnlyList<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        _identifiers = [.. paths.Select(path =>
        {
            var place = Require(path);
            SchemaRules.CheckIdentifier(_fields, place.Field, path);
            return place.Field.Id;
        })];
        return this;
    }

    public TableMetadata Apply()
    {
        var current = metadata.CurrentSchema;
        var candidate = new Schema(metadata.Schemas.Max(s => s.SchemaId) + 1, _fields, _identifiers);
        if (Same(candidate, current))
        {
            return metadata;
        }

        // A change and its reversal end in a schema that the table knows already.
        return metadata.Schemas.FirstOrDefault(s => Same(s, candidate)) is { } known
            ? metadata with { CurrentSchemaId = known.SchemaId, LastColumnId = _lastColumnId }
            : metadata with { Schemas = [.. metadata.Schemas, candidate], CurrentSchemaId = candidate.SchemaId, LastColumnId = _lastColumnId };
    }

    private static bool Same(Schema a, Schema b) =>
        SchemaJson.Write(a with { SchemaId = 0 }).ToJsonString() == SchemaJson.Write(b with { SchemaId = 0 }).ToJsonString();

    private static void CheckName(string name)
    {
        if (string.IsNullOrEmpty(name))
        {
            throw new InvalidSchemaChangeException("a column needs a name");
        }
    }

    private static void CheckFree(IReadOnlyList<NestedField> siblings, string name)
    {
        if (siblings.Any(f => f.Name == name))
        {
            throw new InvalidSchemaChangeException($"a column '{name}' exists already");
        }
    }

    private void Change(SchemaTree.Place place, Func<NestedField, NestedField> change) => _fields = SchemaTree.Replace(_fields, place.Field.Id, change);

    private SchemaTree.Place Require(string path) =>
        SchemaTree.Find(_fields, path) ?? throw new InvalidSchemaChangeException($"there is no column '{path}'");

    /// <summary>The struct that a path means: itself, the element of a list, or the value of a map.</summary>
    private NestedField StructWithin(string path)
    {
        var field = Require(path).Field;
        return field.Type switch
        {
            StructType => field,
            ListType { Element: StructType } or MapType { Value: StructType } => SchemaFields.Children(field.Type)[^1],
            _ => throw new InvalidSchemaChangeException($"'{path}' is {TypeNames.Describe(field.Type)} and cannot have columns inside"),
        };
    }
}
