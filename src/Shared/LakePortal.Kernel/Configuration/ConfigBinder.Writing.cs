using System.Collections;
using System.Text.Json.Nodes;

namespace LakePortal.Kernel.Configuration;

public static partial class ConfigBinder
{
    /// <summary>The record as a document of the same shape, without keys that are null, empty or at their default, in the order of declaration.</summary>
    public static JsonObject ToJson(object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var shape = ConfigShape.Of(value.GetType());
        // The same constructor arguments and nothing else: what the remaining properties hold then is their default.
        var fresh = shape.Create(shape.Keys.Values.Where(k => k.Parameter is not null).ToDictionary(k => k.Name, k => k.Property.GetValue(value)));
        var result = new JsonObject();
        foreach (var key in shape.Keys.Values)
        {
            var current = key.Property.GetValue(value);
            var standard = key.Parameter is null ? key.Property.GetValue(fresh) : key.Default;
            var isEmpty = !key.IsRequired && current is ICollection { Count: 0 };
            if (current is not null && !isEmpty && (key.IsRequired || !current.Equals(standard)))
            {
                result[key.Name] = ToNode(current);
            }
        }

        return result;
    }

    private static JsonNode? ToNode(object? value) => value switch
    {
        null => null,
        JsonNode node => node.DeepClone(),
        string text => JsonValue.Create(text),
        bool flag => JsonValue.Create(flag),
        int number => JsonValue.Create(number),
        long number => JsonValue.Create(number),
        double number => JsonValue.Create(number),
        decimal number => JsonValue.Create(number),
        TimeSpan duration => JsonValue.Create(Duration.Format(duration)),
        ByteSize size => JsonValue.Create(size.ToString()),
        Enum member => JsonValue.Create(ConfigShape.EnumNames(member.GetType()).First(n => n.Value.Equals(member)).Key),
        IDictionary map => new JsonObject(map.Cast<DictionaryEntry>().Select(e => KeyValuePair.Create((string)e.Key, ToNode(e.Value)))),
        IEnumerable list => new JsonArray([.. list.Cast<object?>().Select(ToNode)]),
        _ => ToJson(value),
    };
}
