using LakePortal.Engine.Queries.Analysis;
using LakePortal.Engine.Queries.Running;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>A statement that may run, and all that is known about it before.</summary>
/// <param name="Sql">Complete in itself; one SELECT, or EXPLAIN of one.</param>
/// <param name="Directories">Where its files lie.</param>
/// <param name="DeletedPositions">Positions of deletion vectors, to be put into temporary tables first.</param>
internal sealed record BoundStatement(
    string Sql,
    ExplainMode Explain,
    IReadOnlyList<TableUse> Tables,
    IReadOnlyDictionary<TableIdentifier, long?> Snapshots,
    ScanStatistics Scan,
    IReadOnlyList<string> Directories,
    IReadOnlyList<DeletedPositions> DeletedPositions,
    ErrorTranslator Errors);
