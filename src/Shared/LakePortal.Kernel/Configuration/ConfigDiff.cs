using System.Text.Json.Nodes;

namespace LakePortal.Kernel.Configuration;

/// <summary>What differs between an object as it is and as a document wants it.</summary>
public static class ConfigDiff
{
    private static readonly string[] Sensitive = ["password", "secret", "token", "bearer"];

    /// <summary>Create without <paramref name="before"/>, else update or unchanged. Both sides in export form: defaults left out.</summary>
    public static PlannedChange Plan(string kind, string name, JsonObject? before, JsonObject after)
    {
        ArgumentNullException.ThrowIfNull(after);
        if (before is null)
        {
            return new PlannedChange(kind, name, ChangeAction.Create, []);
        }

        List<string> details = [];
        Compare("", before, after, details);
        return new PlannedChange(kind, name, details.Count == 0 ? ChangeAction.Unchanged : ChangeAction.Update, details);
    }

    private static void Compare(string path, JsonObject before, JsonObject after, List<string> details)
    {
        foreach (var key in before.Select(e => e.Key).Union(after.Select(e => e.Key), StringComparer.Ordinal))
        {
            var (left, right) = (before[key], after[key]);
            var at = path.Length == 0 ? key : $"{path}.{key}";
            if (left is JsonObject leftMap && right is JsonObject rightMap)
            {
                Compare(at, leftMap, rightMap, details);
            }
            else if (!JsonNode.DeepEquals(left, right))
            {
                details.Add(IsSensitive(key) ? $"{at}: {ShowSensitive(left)} → {ShowSensitive(right)}" : $"{at}: {Show(left)} → {Show(right)}");
            }
        }
    }

    private static bool IsSensitive(string key) =>
        Sensitive.Any(w => key.Contains(w, StringComparison.OrdinalIgnoreCase));

    // A reference is shown; anything else under such a key might be the secret itself, and plans are printed, logged and audited.
    private static string ShowSensitive(JsonNode? node)
    {
        var text = Show(node);
        return node is null || (text.StartsWith("${", StringComparison.Ordinal) && text.EndsWith('}')) ? text : "•••";
    }

    private static string Show(JsonNode? node)
    {
        var text = node switch
        {
            null => "–",
            JsonValue value when value.TryGetValue(out string? plain) => plain,
            _ => node.ToJsonString(),
        };
        text = text.ReplaceLineEndings(" ");
        return text.Length <= 80 ? text : $"{text[..77]}…";
    }
}
