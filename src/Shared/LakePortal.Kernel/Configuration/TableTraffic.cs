namespace LakePortal.Kernel.Configuration;

/// <summary>What an object of the configuration does with tables of the lake, for the rules that no kind can check alone: who writes where, and what starts what.</summary>
/// <param name="Kind">Kind of the object.</param>
/// <param name="Name">Name of the object.</param>
public sealed record TableTraffic(string Kind, string Name)
{
    /// <summary>Tables that it writes.</summary>
    public IReadOnlyList<TablePlace> Writes { get; init; } = [];

    /// <summary>Nobody else may write these tables: it replaces or merges them from a source of its own.</summary>
    public bool IsSoleWriter { get; init; }

    /// <summary>Tables whose changes start it.</summary>
    public IReadOnlyList<TablePlace> StartedBy { get; init; } = [];

    /// <summary>Tables that it reads and that are not there: a warning, unless something writes them.</summary>
    public IReadOnlyList<MissingTable> Missing { get; init; } = [];

    /// <summary>Other objects that it runs, by kind and name.</summary>
    public IReadOnlyList<(string Kind, string Name)> Starts { get; init; } = [];
}

/// <param name="Table">As the document writes it.</param>
/// <param name="Path">Where.</param>
/// <param name="Hint">What it may have meant.</param>
public readonly record struct MissingTable(string Table, string Path, string? Hint);

/// <param name="Table">namespace.name.</param>
/// <param name="Path">Where the object's document says so.</param>
public readonly record struct TablePlace(string Table, string Path);
