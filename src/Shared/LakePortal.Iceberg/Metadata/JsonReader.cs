using System.Text.Json;

namespace LakePortal.Iceberg.Metadata;

/// <summary>Reads JSON of the table format; what is missing or of the wrong kind is an error that names it.</summary>
internal readonly struct JsonReader(JsonElement element, string path)
{
    public JsonElement Element { get; } = element;

    public string Path { get; } = path;

    public static T ParseDocument<T>(string text, string subject, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new InvalidMetadataException(subject, "it is not valid JSON", e);
        }
    }

    public bool TryGet(string name, out JsonReader value)
    {
        if (Element.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidMetadataException(Path, "it is not an object");
        }

        if (Element.TryGetProperty(name, out var found) && found.ValueKind != JsonValueKind.Null)
        {
            value = new JsonReader(found, $"{Path}.{name}");
            return true;
        }

        value = default;
        return false;
    }

    public JsonReader Get(string name) => TryGet(name, out var value) ? value : throw new InvalidMetadataException(Path, $"'{name}' is missing");

    public string Text(string name) => Get(name).AsText();

    public string? OptionalText(string name) => TryGet(name, out var value) ? value.AsText() : null;

    public int Int(string name) => Get(name).AsInt();

    public int? OptionalInt(string name) => TryGet(name, out var value) ? value.AsInt() : null;

    public long Long(string name) => Get(name).AsLong();

    public long? OptionalLong(string name) => TryGet(name, out var value) ? value.AsLong() : null;

    public bool Boolean(string name)
    {
        var value = Get(name);
        return value.Element.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new InvalidMetadataException(value.Path, "it is not true or false"),
        };
    }

    public IEnumerable<JsonReader> Array(string name) => Get(name).Items();

    public IEnumerable<JsonReader> OptionalArray(string name) => TryGet(name, out var value) ? value.Items() : [];

    public Dictionary<string, string> OptionalTextMap(string name)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        if (TryGet(name, out var value))
        {
            foreach (var property in value.Properties())
            {
                map[property.Key] = property.Value.AsText();
            }
        }

        return map;
    }

    public IEnumerable<KeyValuePair<string, JsonReader>> Properties()
    {
        if (Element.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidMetadataException(Path, "it is not an object");
        }

        var path = Path;
        return Element.EnumerateObject().Select(p => new KeyValuePair<string, JsonReader>(p.Name, new JsonReader(p.Value, $"{path}.{p.Name}")));
    }

    public string AsText() => Element.ValueKind == JsonValueKind.String ? Element.GetString()! : throw new InvalidMetadataException(Path, "it is not text");

    public int AsInt() =>
        Element.ValueKind == JsonValueKind.Number && Element.TryGetInt32(out var value) ? value : throw new InvalidMetadataException(Path, "it is not a 32-bit number");

    public long AsLong() =>
        Element.ValueKind == JsonValueKind.Number && Element.TryGetInt64(out var value) ? value : throw new InvalidMetadataException(Path, "it is not a 64-bit number");

    private IEnumerable<JsonReader> Items()
    {
        if (Element.ValueKind != JsonValueKind.Array)
        {
            throw new InvalidMetadataException(Path, "it is not a list");
        }

        var path = Path;
        return Element.EnumerateArray().Select((e, i) => new JsonReader(e, $"{path}[{i}]"));
    }
}
