using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LakePortal.Kernel.Configuration;

public static partial class ConfigBinder
{
    private static object? BindScalar(Place place, JsonNode node, Type type)
    {
        var kind = node.GetValueKind();
        var text = kind == JsonValueKind.String ? node.GetValue<string>() : null;
        if (type == typeof(string))
        {
            return text ?? place.Fail("must be text", kind is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False ? $"Put it in quotes: \"{node.ToJsonString()}\"." : null);
        }

        if (type == typeof(bool))
        {
            return kind is JsonValueKind.True or JsonValueKind.False ? node.GetValue<bool>() : place.Fail("must be true or false", null);
        }

        if (type == typeof(TimeSpan))
        {
            return text is not null && Duration.TryParse(text, out var duration) ? duration : place.Fail("must be a duration", "Write 200ms, 30s, 15m, 2h or 7d.");
        }

        if (type == typeof(ByteSize))
        {
            var size = text ?? (kind == JsonValueKind.Number ? node.ToJsonString() : "");
            return ByteSize.TryParse(size, out var bytes) ? bytes : place.Fail("must be a size", "Write 512, 64KB, 64MB or 1GB.");
        }

        if (type.IsEnum)
        {
            var names = ConfigShape.EnumNames(type);
            if (text is not null && names.TryGetValue(text, out var value))
            {
                return value;
            }

            var shown = text ?? node.ToJsonString();
            return place.Fail(
                $"is '{shown}', which is none of {string.Join(", ", names.Keys)}", Suggestion.For(shown, names.Keys) ?? $"Use one of {string.Join(", ", names.Keys)}.");
        }

        return BindNumber(place, node, kind, type);
    }

    private static object? BindNumber(Place place, JsonNode node, JsonValueKind kind, Type type)
    {
        var isWhole = type == typeof(int) || type == typeof(long);
        if (kind != JsonValueKind.Number)
        {
            return place.Fail(isWhole ? "must be a whole number" : "must be a number", kind == JsonValueKind.String ? "Write it without quotes." : null);
        }

        var written = node.ToJsonString();
        if (!decimal.TryParse(written, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            return type == typeof(double) && double.TryParse(written, NumberStyles.Float, CultureInfo.InvariantCulture, out var large)
                ? large
                : place.Fail("is out of range", null);
        }

        if (isWhole && number != decimal.Truncate(number))
        {
            return place.Fail("must be a whole number", null);
        }

        if (type == typeof(int))
        {
            return number is >= int.MinValue and <= int.MaxValue ? (int)number : place.Fail("is out of range", $"From {int.MinValue} to {int.MaxValue}.");
        }

        if (type == typeof(long))
        {
            return number is >= long.MinValue and <= long.MaxValue ? (long)number : place.Fail("is out of range", $"From {long.MinValue} to {long.MaxValue}.");
        }

        return type == typeof(double) ? (double)number : number;
    }

    private static string Describe(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type switch
        {
            _ when type == typeof(string) => "text",
            _ when type == typeof(bool) => "true or false",
            _ when type == typeof(int) || type == typeof(long) => "a whole number",
            _ when type == typeof(double) || type == typeof(decimal) => "a number",
            _ when type == typeof(TimeSpan) => "a duration such as 30s",
            _ when type == typeof(ByteSize) => "a size such as 64MB",
            _ when type.IsEnum => $"one of {string.Join(", ", ConfigShape.EnumNames(type).Keys)}",
            _ when type == typeof(JsonArray) || ConfigShape.ItemOf(type) is not null => "a list",
            _ => "a mapping",
        };
    }
}
