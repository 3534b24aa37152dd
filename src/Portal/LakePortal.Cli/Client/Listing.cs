using System.Text.Json;

namespace LakePortal.Cli.Client;

internal static class Listing
{
    /// <summary>The items of a list answer: an array, or an object that wraps one.</summary>
    public static List<JsonElement> ItemsOf(JsonElement answer)
    {
        if (answer.ValueKind == JsonValueKind.Array)
        {
            return [.. answer.EnumerateArray()];
        }

        if (answer.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in answer.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.Array))
            {
                return [.. property.Value.EnumerateArray()];
            }
        }

        throw new StepFailedException("The server's answer is not a list.", "Use the command line that belongs to the server's version.");
    }

    /// <summary>First property of that name anywhere in the nested objects; answers may wrap the summary of a thing.</summary>
    public static JsonElement? Find(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        if (element.TryGetProperty(name, out var found))
        {
            return found;
        }

        foreach (var property in element.EnumerateObject())
        {
            if (Find(property.Value, name) is { } inner)
            {
                return inner;
            }
        }

        return null;
    }
}
