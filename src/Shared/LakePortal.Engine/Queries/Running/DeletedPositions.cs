using DuckDB.NET.Data;

namespace LakePortal.Engine.Queries.Running;

/// <summary>Puts the positions of deletion vectors where a scan can join with them: a temporary table, visible to its connection alone.</summary>
internal sealed record DeletedPositions(string Table, IReadOnlyList<(string Path, IReadOnlyList<long> Positions)> Files)
{
    public void Fill(DuckDBConnection connection)
    {
        using (var command = connection.CreateCommand())
        {
            command.CommandText = $"CREATE TEMP TABLE {Table} (f VARCHAR, pos BIGINT)";
            command.ExecuteNonQuery();
        }

        using var appender = connection.CreateAppender("temp", "main", Table);
        foreach (var (path, positions) in Files)
        {
            foreach (var position in positions)
            {
                appender.CreateRow().AppendValue(path).AppendValue(position).EndRow();
            }
        }
    }
}
