using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LakePortal.Kernel.Configuration;

/// <summary>Documents to YAML that <see cref="ConfigYamlReader"/> reads back to the same values: text that looks like something else is quoted, texts of several lines are blocks.</summary>
public static class ConfigYamlWriter
{
    /// <param name="document">With <c>kind</c> first, as export gives it.</param>
    public static string Write(JsonObject document)
    {
        ArgumentNullException.ThrowIfNull(document);
        var text = new StringWriter { NewLine = "\n" };
        var emitter = new Emitter(text, new EmitterSettings(2, 200, false, 1024));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Write(emitter, document, nested: false);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void Write(Emitter emitter, JsonNode? node, bool nested)
    {
        switch (node)
        {
            case null:
                emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, "null", ScalarStyle.Plain, true, false));
                break;
            case JsonObject map:
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, true, map.Count == 0 ? MappingStyle.Flow : MappingStyle.Block));
                foreach (var (key, value) in map)
                {
                    WriteText(emitter, key, isKey: true);
                    Write(emitter, value, nested: true);
                }

                emitter.Emit(new MappingEnd());
                break;
            case JsonArray list:
                var flat = list.All(i => i is null or JsonValue) && list.Sum(i => i?.ToJsonString().Length ?? 4) < 100;
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, true, flat ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (var item in list)
                {
                    Write(emitter, item, nested: true);
                }

                emitter.Emit(new SequenceEnd());
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                WriteText(emitter, value.GetValue<string>(), isKey: false);
                break;
            default:
                emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, node.ToJsonString(), ScalarStyle.Plain, true, false));
                break;
        }
    }

    private static void WriteText(Emitter emitter, string text, bool isKey)
    {
        var style = !isKey && text.Contains('\n', StringComparison.Ordinal) && !text.Any(c => char.IsControl(c) && c is not ('\n' or '\t')) && !text.Contains(" \n", StringComparison.Ordinal) && text[0] is not (' ' or '\n' or '\t')
            ? ScalarStyle.Literal
            : IsSafePlain(text) ? ScalarStyle.Plain : ScalarStyle.DoubleQuoted;
        emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, text, style, style == ScalarStyle.Plain, style != ScalarStyle.Plain));
    }

    /// <summary>Narrower than YAML allows, so that a reader need not know its finer rules.</summary>
    private static bool IsSafePlain(string text) =>
        text.Length > 0
        && (char.IsAsciiLetter(text[0]) || text[0] is '_' or '/' or '$')
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '/' or '+' or '$' or '(' or ')' or '=' or '@' or ' ')
        && text[^1] != ' '
        && text.ToLowerInvariant() is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off" or "y" or "n");
}
