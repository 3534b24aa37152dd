using System.Globalization;
using System.Text.Json;

namespace LakePortal.Cli.Client;

/// <summary>An RFC 9457 problem as the server sends it.</summary>
/// <param name="Code">Stable code, e.g. <c>ingestion.source-unreachable</c>.</param>
internal sealed record Problem(string Message, string? Code, string? Hint, string? TraceId, IReadOnlyList<ProblemFault> Faults)
{
    /// <summary>Takes what there is: a body that is no problem document still gives a message.</summary>
    public static Problem Parse(int status, string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return Parse(status, document.RootElement);
            }
        }
        catch (JsonException)
        {
            // A proxy or a crashed server answers with something else; the status alone has to do.
            return new Problem(Describe(status), null, "Check that LAKE_URL is the address of a LakePortal server.", null, []);
        }

        return new Problem(Describe(status), null, null, null, []);
    }

    private static Problem Parse(int status, JsonElement root) =>
        new(Text(root, "detail") ?? Text(root, "title") ?? Describe(status), Text(root, "code"), Text(root, "hint"),
            Text(root, "trace_id") ?? Text(root, "traceId"), ReadFaults(root).ToList());

    private static IEnumerable<ProblemFault> ReadFaults(JsonElement root)
    {
        if (!root.TryGetProperty("errors", out var errors))
        {
            yield break;
        }

        if (errors.ValueKind == JsonValueKind.Array)
        {
            foreach (var fault in errors.EnumerateArray().Where(f => f.ValueKind == JsonValueKind.Object))
            {
                yield return new ProblemFault(Text(fault, "path") ?? "", Text(fault, "message") ?? fault.GetRawText(), Text(fault, "hint"));
            }
        }
        else if (errors.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in errors.EnumerateObject())
            {
                foreach (var fault in ByPath(property))
                {
                    yield return fault;
                }
            }
        }
    }

    private static IEnumerable<ProblemFault> ByPath(JsonProperty property)
    {
        var items = property.Value.ValueKind == JsonValueKind.Array ? property.Value.EnumerateArray().ToList() : [property.Value];
        foreach (var item in items)
        {
            yield return item.ValueKind == JsonValueKind.Object
                ? new ProblemFault(property.Name, Text(item, "message") ?? item.GetRawText(), Text(item, "hint"))
                : new ProblemFault(property.Name, item.ToString(), null);
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Describe(int status) =>
        string.Create(CultureInfo.InvariantCulture, $"The server answered {status} {(System.Net.HttpStatusCode)status}.");
}

internal sealed record ProblemFault(string Path, string Message, string? Hint);
