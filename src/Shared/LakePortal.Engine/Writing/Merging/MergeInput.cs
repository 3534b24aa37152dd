using DuckDB.NET.Data;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing.Merging;

/// <param name="Table">Target, as it was when the files were written.</param>
/// <param name="Connection">To a private database that may read the lake's files; temporary tables are made on it.</param>
/// <param name="Files">New data files, not committed: the rows to insert or to put in place of others.</param>
/// <param name="Key">Names of the key columns.</param>
/// <param name="DeletedRows">SELECT on <paramref name="Connection"/> whose key columns name rows that are only deleted; null: none.</param>
/// <param name="Summary">Entries of the snapshot summary.</param>
internal sealed record MergeInput(
    Table Table, DuckDBConnection Connection, IReadOnlyList<ContentFile> Files, IReadOnlyList<string> Key, string? DeletedRows, IReadOnlyDictionary<string, string> Summary)
{
    public string? Branch { get; init; }

    /// <summary>Rows that the table holds already, equal in every column, are not written again.</summary>
    public bool SkipUnchanged { get; init; }
}
