using System.Text.Json;
using System.Text.Json.Serialization;

namespace LakePortal.Ingestion.Reconciliation.Rolling;

/// <summary>A part of a table that is compared alone.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(ValueWindow), "window")]
[JsonDerivedType(typeof(LetterKeys), "dead-letters")]
internal abstract record RollingScope
{
    /// <summary>For people.</summary>
    [JsonIgnore]
    public abstract string Text { get; }

    public string ToJson() => JsonSerializer.Serialize(this);
}

/// <summary>Rows with a value of a column in a range, on either side.</summary>
/// <param name="Column">By its name in the source; null: the first column of the key.</param>
/// <param name="From">Inclusive; null: from the first.</param>
/// <param name="To">Exclusive; null: to the last.</param>
internal sealed record ValueWindow(string? Column, string? From, string? To) : RollingScope
{
    [JsonIgnore]
    public override string Text => $"{Column ?? "keys"} {(From is null ? "" : $"from {From} ")}{(To is null ? "" : $"before {To}")}".TrimEnd();
}

/// <summary>The rows of dead letters.</summary>
/// <param name="Positions">Of the letters; null: of all that are open.</param>
internal sealed record LetterKeys(IReadOnlyList<string>? Positions) : RollingScope
{
    [JsonIgnore]
    public override string Text => Positions is null ? "rows of all open dead letters" : Positions.Count == 1 ? $"the row of the dead letter at {Positions[0]}" : $"rows of {Positions.Count} dead letters";
}
