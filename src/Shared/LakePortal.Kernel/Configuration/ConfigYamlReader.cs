using System.Globalization;
using System.Text.Json.Nodes;
using LakePortal.Kernel.Errors;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace LakePortal.Kernel.Configuration;

/// <summary>YAML texts to documents, by the core schema of YAML 1.2: plain <c>true</c>, <c>12</c>, <c>1.5</c>, <c>null</c> are typed, all else is text.</summary>
public static class ConfigYamlReader
{
    /// <summary>Reads what it can and adds a fault for what it cannot: a syntax error ends its text, other faults end their document.</summary>
    public static IReadOnlyList<ConfigDocument> Read(ConfigText text, ICollection<InputFault> faults)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(faults);
        var stream = new YamlStream();
        try
        {
            if (YamlLimits.Find(text.Content) is { } excess)
            {
                faults.Add(new InputFault(
                    string.Create(CultureInfo.InvariantCulture, $"{text.Origin}:{excess.At.Line}:{excess.At.Column}"), excess.Message, excess.Hint));
                return [];
            }

            stream.Load(new StringReader(text.Content));
        }
        catch (YamlException error)
        {
            // What is never closed is noticed after the end.
            var line = Math.Min(error.Start.Line, text.Content.AsSpan().TrimEnd().Count('\n') + 1);
            faults.Add(new InputFault(
                $"{text.Origin}:{line}:{error.Start.Column}", $"Not valid YAML: {Sentence(error)}",
                error.Message.Contains("Duplicate key", StringComparison.OrdinalIgnoreCase) ? "Keep one of the two." : "Check indentation, colons and quotes near this place."));
            return [];
        }

        List<ConfigDocument> documents = [];
        foreach (var document in stream.Documents)
        {
            if (document.RootNode is YamlScalarNode { Value: null or "" })
            {
                continue;
            }

            try
            {
                documents.Add(ToDocument(document.RootNode, text.Origin));
            }
            catch (FaultyNodeException error)
            {
                faults.Add(new InputFault($"{text.Origin}:{error.At.Line}:{error.At.Column}", error.Message, error.Hint));
            }
        }

        return documents;
    }

    private static ConfigDocument ToDocument(YamlNode root, string origin)
    {
        if (root is not YamlMappingNode mapping)
        {
            throw new FaultyNodeException(root.Start, "A document must be a mapping that starts with 'kind:'.", "Example: kind: source");
        }

        Positions positions = new();
        positions.Keys[""] = Position(mapping);
        var count = 0;
        var content = ToObject(mapping, "", positions, ref count, 0);
        var kind = content["kind"];
        if (kind is not JsonValue value || !value.TryGetValue(out string? name) || name.Length == 0)
        {
            throw new FaultyNodeException(root.Start, "The document has no 'kind'.", "Every document says what it is: kind: source, kind: sync, kind: pipeline …");
        }

        content.Remove("kind");
        return new ConfigDocument(name, content, origin, positions.Keys) { Values = positions.Values };
    }

    private static JsonNode? ToJson(YamlNode node, string path, Positions positions, ref int count, int depth)
    {
        // Aliases may refer to aliases: a small text can stand for a huge tree.
        if (++count > YamlLimits.MostNodes || depth > YamlLimits.DeepestNesting || path.Length > YamlLimits.LongestPath)
        {
            var excess = YamlLimits.TooLarge(node.Start);
            throw new FaultyNodeException(excess.At, excess.Message, excess.Hint);
        }

        switch (node)
        {
            case YamlMappingNode mapping:
                return ToObject(mapping, path, positions, ref count, depth);
            case YamlSequenceNode sequence:
                var array = new JsonArray();
                foreach (var item in sequence.Children)
                {
                    var itemPath = string.Create(CultureInfo.InvariantCulture, $"{path}[{array.Count}]");
                    positions.Keys.TryAdd(itemPath, Position(item));
                    array.Add(ToJson(item, itemPath, positions, ref count, depth + 1));
                }

                return array;
            case YamlScalarNode scalar:
                return ToScalar(scalar);
            default:
                throw new FaultyNodeException(node.Start, "This YAML construct is not supported.", null);
        }
    }

    private static JsonObject ToObject(YamlMappingNode mapping, string path, Positions positions, ref int count, int depth)
    {
        var result = new JsonObject();
        foreach (var (keyNode, valueNode) in mapping.Children)
        {
            if (keyNode is not YamlScalarNode { Value: { } key })
            {
                throw new FaultyNodeException(keyNode.Start, "A key must be a plain word.", null);
            }

            var keyPath = path.Length == 0 ? key : $"{path}.{key}";
            positions.Keys.TryAdd(keyPath, Position(keyNode));
            if (valueNode is not YamlScalarNode { Value: null or "", Style: ScalarStyle.Plain })
            {
                positions.Values.TryAdd(keyPath, Position(valueNode));
            }

            result[key] = ToJson(valueNode, keyPath, positions, ref count, depth + 1);
        }

        return result;
    }

    private static JsonValue? ToScalar(YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any))
        {
            return JsonValue.Create(text);
        }

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" => JsonValue.Create(true),
            "false" or "False" or "FALSE" => JsonValue.Create(false),
            _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
            _ when LooksNumeric(text) && decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var exact) => JsonValue.Create(exact),
            _ => JsonValue.Create(text),
        };
    }

    private static bool LooksNumeric(string text) => char.IsAsciiDigit(text[0]) || (text.Length > 1 && text[0] is '-' or '+' or '.' && (char.IsAsciiDigit(text[1]) || text[1] == '.'));

    private static TextPosition Position(YamlNode node) => new((int)node.Start.Line, (int)node.Start.Column);

    private static string Sentence(YamlException error)
    {
        var text = error.InnerException?.Message ?? error.Message;
        // YamlDotNet puts the place in front: "(Line: 1, Col: 2, Idx: 3) - (Line…): text".
        var colon = text.StartsWith("(Line", StringComparison.Ordinal) ? text.LastIndexOf("): ", StringComparison.Ordinal) : -1;
        return (colon < 0 ? text : text[(colon + 3)..]).TrimEnd('.') + ".";
    }

    private sealed class Positions
    {
        public Dictionary<string, TextPosition> Keys { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, TextPosition> Values { get; } = new(StringComparer.Ordinal);
    }

    private sealed class FaultyNodeException(Mark at, string message, string? hint) : Exception(message)
    {
        public Mark At { get; } = at;

        public string? Hint { get; } = hint;
    }
}
