using LakePortal.Engine.Queries.Analysis;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>A statement that may run, and all that is known about it before.</summary>
/// <param name="Sql">Complete in itself; one SELECT, or EXPLAIN of one.</param>
/// <param name="Directories">Where its files lie.</param>
/// <param name="DeletedPositions">Positions of deletion vectors, to be put into <paramref name="VectorTable"/> first.</param>
/// <param name="VectorTable">Name of the temporary table for them.</param>
internal sealed record BoundStatement(
    string Sql,
    ExplainMode Explain,
    IReadOnlyList<TableUse> Tables,
    IReadOnlyDictionary<TableIdentifier, long?> Snapshots,
    ScanStatistics Scan,
    IReadOnlyList<string> Directories,
    IReadOnlyList<(string Path, IReadOnlyList<long> Positions)> DeletedPositions,
    string VectorTable,
    ErrorTranslator Errors);
