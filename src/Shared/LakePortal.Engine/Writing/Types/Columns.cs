using DuckDB.NET.Data;
using LakePortal.Iceberg;

namespace LakePortal.Engine.Writing.Types;

internal static class Columns
{
    public static async Task<IReadOnlyList<SourceColumn>> DescribeAsync(TableIdentifier target, DuckDBConnection connection, string select, CancellationToken cancellationToken)
    {
        try
        {
            var columns = await DuckDbCommands.QueryAsync(connection, $"SELECT column_name, column_type FROM (DESCRIBE {select})", r => new SourceColumn(r.GetString(0), r.GetString(1)), cancellationToken);
            ColumnMatch.RefuseDuplicates(columns.Select(c => c.Name));
            return columns;
        }
        catch (DuckDBException e)
        {
            throw WriteFailures.Of(target, e);
        }
    }

    /// <summary>For writers that may not change the table: every column must have its place already.</summary>
    public static IReadOnlyList<ColumnAssignment> Assign(Table table, IReadOnlyList<SourceColumn> columns)
    {
        var match = ColumnMatch.Of(table.Identifier, table.Schema, columns);
        if (match.Additions is [var addition, ..])
        {
            throw new ColumnMismatchException(table.Identifier, addition.Name, "the table does not have it", "Add it to the table's schema first.");
        }

        return match.Promotions is [var promotion, ..]
            ? throw new ColumnMismatchException(table.Identifier, promotion.Path, $"the table's column is too narrow, it would have to be {promotion.NewType.Kind}", "Promote the column first, or cast the values.")
            : match.Assignments;
    }
}
