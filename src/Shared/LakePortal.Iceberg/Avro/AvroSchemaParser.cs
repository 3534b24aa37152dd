using System.Text.Json;

namespace LakePortal.Iceberg.Avro;

internal static class AvroSchemaParser
{
    public static AvroSchema Parse(JsonElement element) => Parse(element, new Dictionary<string, AvroSchema>(StringComparer.Ordinal));

    private static AvroSchema Parse(JsonElement element, Dictionary<string, AvroSchema> named)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return ByName(element.GetString()!, null, named);
            case JsonValueKind.Array:
                return new AvroUnion([.. element.EnumerateArray().Select(e => Parse(e, named))]);
            case JsonValueKind.Object:
                break;
            default:
                throw Invalid($"unexpected {element.ValueKind}");
        }

        if (!element.TryGetProperty("type", out var type))
        {
            throw Invalid("a type without 'type'");
        }

        if (type.ValueKind != JsonValueKind.String)
        {
            return Parse(type, named);
        }

        var logicalType = Text(element, "logicalType");
        switch (type.GetString())
        {
            case "record" or "error":
                return ParseRecord(element, named);
            case "array":
                return new AvroArray(Parse(Required(element, "items"), named));
            case "map":
                return new AvroMap(Parse(Required(element, "values"), named));
            case "fixed":
                var size = Required(element, "size");
                var @fixed = new AvroFixed(Name(element), size.ValueKind == JsonValueKind.Number && size.TryGetInt32(out var n) && n >= 0 ? n : throw Invalid("a fixed with a wrong size"), logicalType);
                named[@fixed.Name] = @fixed;
                return @fixed;
            case "enum":
                var @enum = new AvroEnum(Name(element), [.. Required(element, "symbols").EnumerateArray().Select(s => s.GetString() ?? "")]);
                named[@enum.Name] = @enum;
                return @enum;
            default:
                return ByName(type.GetString()!, logicalType, named);
        }
    }

    private static AvroRecordSchema ParseRecord(JsonElement element, Dictionary<string, AvroSchema> named)
    {
        var record = new AvroRecordSchema(Name(element));
        named[record.Name] = record;
        var fields = new List<AvroField>();
        foreach (var field in Required(element, "fields").EnumerateArray())
        {
            int? id = field.TryGetProperty("field-id", out var idElement) && idElement.ValueKind == JsonValueKind.Number && idElement.TryGetInt32(out var i) ? i : null;
            fields.Add(new AvroField(Name(field), id, Parse(Required(field, "type"), named)) { OriginalName = Text(field, "iceberg-field-name") });
        }

        record.Fields = fields;
        return record;
    }

    private static AvroSchema ByName(string name, string? logicalType, Dictionary<string, AvroSchema> named) => name switch
    {
        "null" => new AvroPrimitive(AvroPrimitiveKind.Null),
        "boolean" => new AvroPrimitive(AvroPrimitiveKind.Boolean),
        "int" => new AvroPrimitive(AvroPrimitiveKind.Int, logicalType),
        "long" => new AvroPrimitive(AvroPrimitiveKind.Long, logicalType),
        "float" => new AvroPrimitive(AvroPrimitiveKind.Float),
        "double" => new AvroPrimitive(AvroPrimitiveKind.Double),
        "bytes" => new AvroPrimitive(AvroPrimitiveKind.Bytes, logicalType),
        "string" => new AvroPrimitive(AvroPrimitiveKind.String, logicalType),
        _ => named.TryGetValue(name, out var schema) ? schema : throw Invalid($"the name '{name}' is not defined"),
    };

    private static JsonElement Required(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value : throw Invalid($"'{name}' is missing");

    private static string Name(JsonElement element) => Text(element, "name") ?? throw Invalid("'name' is missing");

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static InvalidMetadataException Invalid(string reason) => new("Avro schema", reason);
}
