using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Iceberg.Scans;

namespace LakePortal.Iceberg.Metadata;

/// <summary>Name mappings as JSON (specification, section "Name Mapping Serialization"), as kept in the property <see cref="Property"/>.</summary>
public static class NameMappingJson
{
    public const string Property = "schema.name-mapping.default";

    public static NameMapping Parse(string text) => JsonReader.ParseDocument(text, "name mapping", root =>
    {
        if (root.ValueKind != JsonValueKind.Array)
        {
            throw new InvalidMetadataException("name mapping", "it is not a list");
        }

        return new NameMapping([.. root.EnumerateArray().Select(f => ReadField(new JsonReader(f, "name mapping"), 0))]);
    });

    public static string Write(NameMapping mapping)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        return WriteFields(mapping.Fields).ToJsonString(TableMetadataJson.Compact);
    }

    private static MappedField ReadField(JsonReader json, int depth) => depth > 100
        ? throw new InvalidMetadataException("name mapping", "it is nested too deeply")
        : new MappedField(
            json.OptionalInt("field-id"),
            [.. json.OptionalArray("names").Select(n => n.AsText())],
            [.. json.OptionalArray("fields").Select(f => ReadField(f, depth + 1))]);

    private static JsonArray WriteFields(IReadOnlyList<MappedField> fields) => new([.. fields.Select(WriteField)]);

    private static JsonNode WriteField(MappedField field)
    {
        var json = new JsonObject();
        if (field.FieldId is { } id)
        {
            json["field-id"] = id;
        }

        json["names"] = new JsonArray([.. field.Names.Select(n => (JsonNode)n)]);
        if (field.Children.Count > 0)
        {
            json["fields"] = WriteFields(field.Children);
        }

        return json;
    }
}
