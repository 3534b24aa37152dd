using System.Globalization;
using System.Runtime.InteropServices;
using DuckDB.NET.Native;
using LakePortal.Engine.Queries.Binding;

namespace LakePortal.Engine.Queries.Results;

/// <summary>
/// Columns of a prepared statement. Arrow has no time of day with an offset, and the engine drops the offset on the way there; such columns are
/// therefore read as text, which the engine writes with it, and keep their type's name.
/// </summary>
internal sealed partial class PreparedColumns
{
    private readonly (string Name, string Type, string? CastTo)[] _columns;

    private PreparedColumns((string, string, string?)[] columns) => _columns = columns;

    /// <param name="statement">One that was prepared without an error.</param>
    public static PreparedColumns Of(DuckDBPreparedStatement statement)
    {
        var columns = new (string, string, string?)[(int)ColumnCount(statement)];
        for (var i = 0; i < columns.Length; i++)
        {
            using var type = new DuckDBLogicalType();
            Marshal.InitHandle(type, ColumnType(statement, (ulong)i));
            var name = ColumnName(statement, (ulong)i);
            try
            {
                columns[i] = (Marshal.PtrToStringUTF8(name)!, TypeText.Of(type), TypeText.WithOffsetsAsText(type));
            }
            finally
            {
                NativeMethods.Helpers.DuckDBFree(name);
            }
        }

        return new PreparedColumns(columns);
    }

    /// <summary>The same statement with the offsets kept as text; null when it has none.</summary>
    public string? KeepingOffsets(string sql) => _columns.All(c => c.CastTo is null)
        ? null
        : $"SELECT {string.Join(", ", _columns.Select(Column))} FROM ({sql}) AS t";

    /// <summary>The name of the type that the statement gave the column; columns whose type shows at execution only have the result's.</summary>
    public string TypeOf(int index, DuckDBLogicalType result) =>
        index < _columns.Length && _columns[index].CastTo is not null ? _columns[index].Type : TypeText.Of(result);

    private static string Column((string Name, string Type, string? CastTo) column, int index)
    {
        var value = "#" + (index + 1).ToString(CultureInfo.InvariantCulture);
        return $"{(column.CastTo is null ? value : $"CAST({value} AS {column.CastTo})")} AS {SqlQuote.Name(column.Name)}";
    }

    [LibraryImport("duckdb", EntryPoint = "duckdb_prepared_statement_column_count")]
    private static partial ulong ColumnCount(DuckDBPreparedStatement statement);

    [LibraryImport("duckdb", EntryPoint = "duckdb_prepared_statement_column_name")]
    private static partial nint ColumnName(DuckDBPreparedStatement statement, ulong index);

    [LibraryImport("duckdb", EntryPoint = "duckdb_prepared_statement_column_logical_type")]
    private static partial nint ColumnType(DuckDBPreparedStatement statement, ulong index);
}
