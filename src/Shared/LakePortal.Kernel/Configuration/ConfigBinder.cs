using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Kernel.Errors;

namespace LakePortal.Kernel.Configuration;

/// <summary>
/// Documents to records and back. Strict: unknown keys, missing keys and wrong types are faults, each with its place and what would be
/// right, all reported at once. A constructor parameter without default, or a <c>required</c> property, is a required key unless it is nullable.
/// Understands text, booleans, numbers, enums, <see cref="TimeSpan"/> (<c>30s</c>), <see cref="ByteSize"/>, lists, dictionaries by text, nested records, and
/// <see cref="JsonNode"/> for what is open.
/// </summary>
public static partial class ConfigBinder
{
    /// <exception cref="InvalidInputException">With every fault.</exception>
    public static T Bind<T>(ConfigDocument document) where T : class
    {
        ArgumentNullException.ThrowIfNull(document);
        List<InputFault> faults = [];
        var value = BindObject(new Place(document, "", faults), document.Content, ConfigShape.Of(typeof(T)));
        return faults.Count == 0 ? (T)value! : throw Invalid(document, faults);
    }

    /// <summary>A fault at a path of the document, for the kind's own checks: <c>tables[0]</c>.</summary>
    public static InputFault Fault(ConfigDocument document, string path, string message, string? hint = null)
    {
        ArgumentNullException.ThrowIfNull(document);
        if (document.Origin is not { } origin)
        {
            return new InputFault(path, message, hint);
        }

        // The nearest place that was written: a missing key is reported at its parent.
        for (var at = path; ; at = Parent(at))
        {
            if (document.Positions.TryGetValue(at, out var position))
            {
                return new InputFault(string.Create(CultureInfo.InvariantCulture, $"{origin}:{position.Line}:{position.Column}"), message, hint);
            }

            if (at.Length == 0)
            {
                return new InputFault(origin, message, hint);
            }
        }
    }

    /// <summary>The same as a sentence, for what is only a warning.</summary>
    public static string Warning(ConfigDocument document, string path, string message, string? hint = null) =>
        $"{Fault(document, path, message).Path}: {message} {hint}".TrimEnd();

    /// <summary>One exception with all faults of a document.</summary>
    public static InvalidInputException Invalid(ConfigDocument document, IReadOnlyList<InputFault> faults)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(faults);
        var what = document.Name is { } name ? $"{document.Kind}/{name}" : document.Kind;
        return new InvalidInputException(
            faults.Count == 1 ? $"{what}: {faults[0].Message}" : $"{what} has {faults.Count} faults; the first: {faults[0].Message}", faults[0].Hint, faults);
    }

    private static string Parent(string path)
    {
        var cut = Math.Max(path.LastIndexOf('.'), path.LastIndexOf('['));
        return cut < 0 ? "" : path[..cut];
    }

    private static object? BindObject(Place place, JsonNode? node, ConfigShape shape)
    {
        if (node is not JsonObject map)
        {
            return place.Fail("must be a mapping of keys", Example(shape));
        }

        foreach (var (key, _) in map.Where(e => !shape.Keys.ContainsKey(e.Key)))
        {
            var hint = Suggestion.For(key, shape.Keys.Keys) ?? $"Known keys: {string.Join(", ", shape.Keys.Keys)}.";
            place.Into(key).Add($"Unknown key '{key}'.", hint);
        }

        Dictionary<string, object?> values = new(StringComparer.Ordinal);
        foreach (var (name, key) in shape.Keys)
        {
            if (!map.TryGetPropertyValue(name, out var value) || (value is null && key.IsNullable))
            {
                if (key.IsRequired && value is null && !map.ContainsKey(name))
                {
                    place.Into(name).Add($"The key '{name}' is missing.", $"Add '{name}: …' ({Describe(key.Type)}).");
                }

                continue;
            }

            values[name] = BindValue(place.Into(name), value, key.Type);
        }

        return place.Faults.Count > 0 ? null : shape.Create(values);
    }

    private static object? BindValue(Place place, JsonNode? node, Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (typeof(JsonNode).IsAssignableFrom(type))
        {
            return node is not null && type.IsInstanceOfType(node) ? node.DeepClone() : type == typeof(JsonNode) ? node?.DeepClone() : place.Fail($"must be {Describe(type)}", null);
        }

        if (node is null)
        {
            return place.Fail("has no value", $"Give it {Describe(type)}, or remove the key.");
        }

        if (ConfigShape.ItemOf(type) is { } item)
        {
            return BindList(place, node, type, item);
        }

        if (ConfigShape.EntryOf(type) is { } entry)
        {
            return BindDictionary(place, node, type, entry);
        }

        return ConfigShape.IsScalar(type) ? BindScalar(place, node, type) : BindObject(place, node, ConfigShape.Of(type));
    }

    private static object? BindList(Place place, JsonNode node, Type type, Type item)
    {
        if (node is not JsonArray array)
        {
            return place.Fail("must be a list", "Write [a, b], or one '- a' per line.");
        }

        var list = Array.CreateInstance(item, array.Count);
        for (var i = 0; i < array.Count; i++)
        {
            var value = BindValue(place.At(i), array[i], item);
            if (value is not null)
            {
                list.SetValue(value, i);
            }
        }

        return type.IsAssignableFrom(list.GetType()) ? list : Activator.CreateInstance(type, list);
    }

    private static object? BindDictionary(Place place, JsonNode node, Type type, Type entry)
    {
        if (node is not JsonObject map)
        {
            return place.Fail("must be a mapping of names to values", null);
        }

        var dictionary = (System.Collections.IDictionary)Activator.CreateInstance(
            typeof(Dictionary<,>).MakeGenericType(typeof(string), entry), StringComparer.Ordinal)!;
        foreach (var (key, value) in map)
        {
            dictionary[key] = BindValue(place.Into(key), value, entry);
        }

        return type.IsInstanceOfType(dictionary) ? dictionary : throw new InvalidOperationException($"{type} cannot be bound; use IReadOnlyDictionary<string, T>.");
    }

    private sealed record Place(ConfigDocument Document, string Path, List<InputFault> Faults)
    {
        public Place Into(string key) => this with { Path = Path.Length == 0 ? key : $"{Path}.{key}" };

        public Place At(int index) => this with { Path = string.Create(CultureInfo.InvariantCulture, $"{Path}[{index}]") };

        public void Add(string message, string? hint) => Faults.Add(Fault(Document, Path, message, hint));

        public object? Fail(string rule, string? hint)
        {
            var message = $"'{Path}' {rule}.";
            Faults.Add(Document.Values.TryGetValue(Path, out var at) && Document.Origin is { } origin
                ? new InputFault(string.Create(CultureInfo.InvariantCulture, $"{origin}:{at.Line}:{at.Column}"), message, hint)
                : Fault(Document, Path, message, hint));
            return null;
        }
    }

    private static string Example(ConfigShape shape) => $"Keys: {string.Join(", ", shape.Keys.Keys)}.";
}
