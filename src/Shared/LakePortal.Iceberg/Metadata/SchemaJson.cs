using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Metadata;

/// <summary>Schemas as JSON (specification, appendix C).</summary>
public static class SchemaJson
{
    private const int MaxDepth = 100;

    public static Schema Read(JsonElement element)
    {
        var json = new JsonReader(element, "schema");
        return new Schema(
            json.OptionalInt("schema-id") ?? 0,
            [.. json.Array("fields").Select(f => ReadField(f, 0))],
            [.. json.OptionalArray("identifier-field-ids").Select(i => i.AsInt())]);
    }

    public static Schema Parse(string text) => JsonReader.ParseDocument(text, "schema", Read);

    public static JsonObject Write(Schema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        var json = new JsonObject { ["type"] = "struct", ["schema-id"] = schema.SchemaId };
        if (schema.IdentifierFieldIds.Count > 0)
        {
            json["identifier-field-ids"] = new JsonArray([.. schema.IdentifierFieldIds.Select(i => (JsonNode)i)]);
        }

        json["fields"] = WriteFields(schema.Fields);
        return json;
    }

    public static IcebergType ReadType(JsonElement element) => ReadType(new JsonReader(element, "type"), 0);

    public static JsonNode WriteType(IcebergType type) => type switch
    {
        PrimitiveType primitive => TypeNames.Format(primitive),
        StructType s => new JsonObject { ["type"] = "struct", ["fields"] = WriteFields(s.Fields) },
        ListType l => new JsonObject { ["type"] = "list", ["element-id"] = l.ElementId, ["element"] = WriteType(l.Element), ["element-required"] = l.ElementRequired },
        MapType m => new JsonObject
        {
            ["type"] = "map", ["key-id"] = m.KeyId, ["key"] = WriteType(m.Key), ["value-id"] = m.ValueId, ["value"] = WriteType(m.Value), ["value-required"] = m.ValueRequired,
        },
        _ => throw new ArgumentException($"The type {type} cannot be written.", nameof(type)),
    };

    private static NestedField ReadField(JsonReader json, int depth)
    {
        var type = ReadType(json.Get("type"), depth);
        return new NestedField(
            json.Int("id"), json.Text("name"), type, json.Boolean("required"), json.OptionalText("doc"), Default(json, "initial-default", type), Default(json, "write-default", type));
    }

    // Nested defaults (struct, list, map) can only be empty or null in version 3, so only primitive ones carry a value.
    private static object? Default(JsonReader json, string name, IcebergType type) =>
        json.TryGet(name, out var value) && type is PrimitiveType primitive ? SingleValueJson.Read(primitive, value.Element) : null;

    private static IcebergType ReadType(JsonReader json, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new InvalidMetadataException("schema", "it is nested too deeply");
        }

        if (json.Element.ValueKind == JsonValueKind.String)
        {
            var name = json.Element.GetString()!;
            return TypeNames.TryParse(name, out var primitive) ? primitive : throw new InvalidMetadataException("schema", $"the type '{name}' is not supported");
        }

        return json.Text("type") switch
        {
            "struct" => new StructType([.. json.Array("fields").Select(f => ReadField(f, depth + 1))]),
            "list" => new ListType(json.Int("element-id"), ReadType(json.Get("element"), depth + 1), json.Boolean("element-required")),
            "map" => new MapType(
                json.Int("key-id"), ReadType(json.Get("key"), depth + 1), json.Int("value-id"), ReadType(json.Get("value"), depth + 1), json.Boolean("value-required")),
            var other => throw new InvalidMetadataException("schema", $"the type '{other}' is not supported"),
        };
    }

    private static JsonArray WriteFields(IReadOnlyList<NestedField> fields) => new([.. fields.Select(WriteField)]);

    private static JsonNode WriteField(NestedField field)
    {
        var json = new JsonObject { ["id"] = field.Id, ["name"] = field.Name, ["required"] = field.Required, ["type"] = WriteType(field.Type) };
        if (field.Type is PrimitiveType primitive)
        {
            if (field.InitialDefault is not null)
            {
                json["initial-default"] = SingleValueJson.Write(primitive, field.InitialDefault);
            }

            if (field.WriteDefault is not null)
            {
                json["write-default"] = SingleValueJson.Write(primitive, field.WriteDefault);
            }
        }

        if (field.Doc is not null)
        {
            json["doc"] = field.Doc;
        }

        return json;
    }
}
