using System.Text.Json.Nodes;

namespace LakePortal.Kernel.Configuration;

/// <summary>One configuration document, read from YAML or JSON, with the place of every value for error messages.</summary>
/// <param name="Kind">Value of <c>kind</c>.</param>
/// <param name="Content">The whole document without <c>kind</c>, keys as written (snake_case).</param>
/// <param name="Origin">File name, or null for JSON from the API.</param>
/// <param name="Positions">By path (<c>tables[0]</c>, <c>from.paging.type</c>; empty: the document): line and column of the key in <see cref="Origin"/>, both from 1.</param>
public sealed record ConfigDocument(
    string Kind, JsonObject Content, string? Origin, IReadOnlyDictionary<string, TextPosition> Positions)
{
    /// <summary>By path: where the value begins; without those of list items, which stand in <see cref="Positions"/>.</summary>
    public IReadOnlyDictionary<string, TextPosition> Values { get; init; } = new Dictionary<string, TextPosition>();

    /// <summary>Value of <c>name</c>; null for kinds that derive it.</summary>
    public string? Name => Content["name"]?.GetValueKind() == System.Text.Json.JsonValueKind.String ? (string?)Content["name"] : null;
}

public readonly record struct TextPosition(int Line, int Column);
