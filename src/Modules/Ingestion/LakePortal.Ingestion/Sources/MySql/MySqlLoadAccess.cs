using System.Globalization;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Sources.MySql.Wire;
using LakePortal.Ingestion.Store;

namespace LakePortal.Ingestion.Sources.MySql;

/// <summary>A table is read in ranges of the first column of its primary key, where that is a whole number; in one piece otherwise.</summary>
/// <param name="server">Which server: its chunks are no other's.</param>
/// <param name="keyColumn">Null: there is none to divide by.</param>
/// <param name="lowest">Of its values.</param>
/// <param name="highest">Of its values.</param>
internal sealed class MySqlLoadAccess(MySqlTable table, string server, string? keyColumn, long lowest, long highest, int lanes) : LoadAccess
{
    public override bool CanResume => keyColumn is not null;

    /// <summary>Rows do not tell when they were written: what a kept chunk has is as of its own moment.</summary>
    public override bool RereadsKept => false;

    public override string Identity => $"{server}\n{table.Display}\n{keyColumn}";

    public override string? WhyNotIncremental => "MySQL does not keep which transaction wrote a row, and a column of times misses what commits late; with mode: bootstrap+cdc only changes are read";

    public static MySqlLoadAccess For(MySqlTable table, MySqlSession session, MySqlSession control, int lanes)
    {
        var server = session.IsMariaDb ? control.Query("SELECT CONCAT(@@hostname, ':', @@port, ':', @@server_id)")[0][0]! : control.Query("SELECT @@server_uuid")[0][0]!;
        if (table is not { Kind: 'r', Key.Count: > 0 } || table.Columns.OfType<MySqlColumn>().First(c => c.Name == table.Key[0]) is not { DataType: "tinyint" or "smallint" or "mediumint" or "int" or "bigint" } key)
        {
            return new MySqlLoadAccess(table, server, null, 0, 0, lanes);
        }

        var column = MySqlSql.Quote(key.Name);
        var row = session.Query($"SELECT MIN({column}), MAX({column}) FROM {table.Sql}")[0];
        return new MySqlLoadAccess(table, server, key.Name, Bound(row[0]), Bound(row[1]), lanes);
    }

    public override Horizon Horizon(string planHash) => new(0, 0, table.Identity, planHash, null);

    public override long? Since(Horizon last, Horizon now, Action<string> note) => null;

    public override bool IsGood(ChunkRow chunk) => chunk.SinceXid is null;

    public override IReadOnlyList<ReadChunk> Whole(ChunkSizes sizes, long? since)
    {
        if (keyColumn is null)
        {
            return [new ReadChunk(1, null, 0, null, null)];
        }

        var count = Count(sizes);
        var chunks = new List<ReadChunk>();
        var from = long.MinValue;
        for (var i = 1; i <= count; i++)
        {
            long? to = i == count ? null : (long)(lowest + (((Int128)highest - lowest + 1) * i / count));
            if (to is { } bound && bound <= from)
            {
                continue;
            }

            chunks.Add(new ReadChunk(chunks.Count + 1, null, from, to, null) { KeyColumn = keyColumn });
            from = to ?? 0;
        }

        return chunks;
    }

    /// <summary>What no kept chunk covers.</summary>
    public override IReadOnlyList<ReadChunk> Rest(ChunkSizes sizes, IReadOnlyList<ChunkRow> kept)
    {
        var number = kept.Max(c => c.Number);
        var rest = new List<ReadChunk>();
        long? next = long.MinValue;
        foreach (var chunk in kept.OrderBy(c => c.FromPage))
        {
            if (next is { } from && chunk.FromPage > from)
            {
                Divide(from, chunk.FromPage, sizes, rest);
            }

            next = chunk.ToPage;
            if (next is null)
            {
                break;
            }
        }

        if (next is { } open)
        {
            Divide(open, null, sizes, rest);
        }

        return [.. rest.Select((c, i) => c with { Number = number + i + 1 })];
    }

    private void Divide(long from, long? to, ChunkSizes sizes, List<ReadChunk> rest)
    {
        foreach (var whole in Whole(sizes, null))
        {
            var (low, high) = (Math.Max(from, whole.FromPage), to is { } end ? Math.Min(end, whole.ToPage ?? long.MaxValue) : whole.ToPage);
            if (high is null || low < high)
            {
                rest.Add(whole with { FromPage = low, ToPage = high });
            }
        }
    }

    private int Count(ChunkSizes sizes)
    {
        var size = Math.Clamp(table.Bytes / (lanes * 4), sizes.SmallestBytes, Math.Max(sizes.SmallestBytes, sizes.LargestBytes));
        return (int)Math.Clamp(table.Bytes / size, 1, 10_000);
    }

    /// <summary>Keys beyond 2^63 belong to the last chunk, which has no end.</summary>
    private static long Bound(string? text) => text is null ? 0 : (long)Math.Min(long.MaxValue, decimal.Parse(text, CultureInfo.InvariantCulture));
}
