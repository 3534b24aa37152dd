using System.Globalization;
using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Catalog;

/// <summary>The first metadata of a table.</summary>
internal static class NewTable
{
    private const int FirstPartitionFieldId = 1000;

    public static TableMetadata Build(CreateTable create, string location, DateTimeOffset now)
    {
        SchemaRules.CheckFields(create.Fields);
        foreach (var field in create.Fields)
        {
            SchemaRules.CheckType(field.Type);
        }

        var lastId = 0;

        // Key columns are never null, as the specification demands of identifier fields.
        var fields = SchemaTree.AssignIds(
            [.. create.Fields.Select(f => f with { Required = f.Required || create.Key.Contains(f.Name, StringComparer.Ordinal), InitialDefault = null, WriteDefault = null })],
            () => ++lastId);
        var schema = new Schema(0, fields, [.. create.Key.Select(name => Identifier(fields, name))]);
        var spec = Spec(create, fields);
        return new TableMetadata
        {
            FormatVersion = 2,
            TableUuid = Guid.NewGuid(),
            Location = location,
            LastSequenceNumber = 0,
            LastUpdated = now,
            LastColumnId = lastId,
            Schemas = [schema],
            CurrentSchemaId = 0,
            PartitionSpecs = [spec],
            DefaultSpecId = 0,
            LastPartitionId = FirstPartitionFieldId - 1 + spec.Fields.Count,
            SortOrders = [new SortOrder(0, [])],
            DefaultSortOrderId = 0,
            Properties = Properties(create.Properties),
        };
    }

    private static int Identifier(IReadOnlyList<NestedField> fields, string name)
    {
        var field = Column(fields, name, "the key");
        SchemaRules.CheckIdentifier(fields, field, name);
        return field.Id;
    }

    private static PartitionSpec Spec(CreateTable create, IReadOnlyList<NestedField> fields)
    {
        var result = new List<PartitionField>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var by in create.PartitionBy)
        {
            var source = Column(fields, by.Column, "the partitioning");
            if (source.Type is not PrimitiveType type || !Transforms.CanApply(by.Transform, type))
            {
                throw new InvalidTableDefinitionException($"'{by.Column}' is {TypeNames.Describe(source.Type)} and cannot be partitioned by {by.Transform}");
            }

            // Names as other engines choose them; a partition field must not be taken for a column that it is not.
            var name = by.Transform.Name switch
            {
                "identity" => by.Column,
                "bucket" => $"{by.Column}_bucket",
                "truncate" => $"{by.Column}_trunc",
                _ => $"{by.Column}_{by.Transform.Name}",
            };
            if (result.Any(f => f.SourceId == source.Id && f.Transform == by.Transform))
            {
                throw new InvalidTableDefinitionException($"the partitioning by {by.Transform} of '{by.Column}' is given twice");
            }

            while (!names.Add(name) || (by.Transform.Name != "identity" && fields.Any(f => f.Name == name)))
            {
                name = string.Create(CultureInfo.InvariantCulture, $"{name}_{FirstPartitionFieldId + result.Count}");
            }

            result.Add(new PartitionField(source.Id, FirstPartitionFieldId + result.Count, name, by.Transform));
        }

        return new PartitionSpec(0, result);
    }

    private static NestedField Column(IReadOnlyList<NestedField> fields, string path, string use) =>
        SchemaTree.Find(fields, path)?.Field ?? throw new InvalidTableDefinitionException($"{use} names the column '{path}', which does not exist");

    // Every commit writes a metadata file; a table that is written every few seconds would drown in old ones.
    private static Dictionary<string, string> Properties(IReadOnlyDictionary<string, string> given)
    {
        var properties = new Dictionary<string, string>(given, StringComparer.Ordinal);
        properties.TryAdd(CommitProperties.DeleteAfterCommit, "true");
        return properties;
    }
}
