using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LakePortal.Portal.Hosting;

/// <summary>
/// Free-form bodies are otherwise read only when somebody looks at them: a key that comes twice or text that is not UTF-8 would then surface
/// far behind the endpoint, as a failure of ours.
/// </summary>
internal sealed class WholeObjectConverter : JsonConverter<JsonObject>
{
    public override JsonObject Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject || JsonNode.Parse(ref reader) is not JsonObject body)
        {
            throw new JsonException("The value could not be converted to an object.");
        }

        try
        {
            Visit(body);
            return body;
        }
        catch (ArgumentException error)
        {
            throw new JsonException("A duplicate key.", error);
        }
        catch (InvalidOperationException error)
        {
            throw new JsonException("Text that is not UTF-8.", error);
        }
    }

    public override void Write(Utf8JsonWriter writer, JsonObject value, JsonSerializerOptions options) => value.WriteTo(writer, options);

    private static void Visit(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject inner:
                foreach (var (_, value) in inner)
                {
                    Visit(value);
                }

                break;
            case JsonArray items:
                foreach (var item in items)
                {
                    Visit(item);
                }

                break;
            case JsonValue text when text.GetValueKind() == JsonValueKind.String:
                _ = text.GetValue<string>();
                break;
        }
    }
}
