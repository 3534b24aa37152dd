using DuckDB.NET.Data;
using LakePortal.Engine.Queries.Running;
using LakePortal.Iceberg;

namespace LakePortal.Engine.Queries;

/// <summary>Reads of the program itself, outside of statements and policies: the live rows of one table at one snapshot.</summary>
internal interface ITableScanner
{
    /// <exception cref="EngineException">The table cannot be read, or has no such column.</exception>
    Task<TableRows> ScanAsync(Table table, long snapshotId, IReadOnlyList<string> columns, CancellationToken cancellationToken);
}

/// <param name="Sql">A parenthesised SELECT, complete in itself but for the deleted positions.</param>
/// <param name="DeletedPositions">To be put on the connection first.</param>
internal sealed record TableRows(string Sql, DeletedPositions? DeletedPositions)
{
    public string On(DuckDBConnection connection)
    {
        DeletedPositions?.Fill(connection);
        return Sql;
    }
}
