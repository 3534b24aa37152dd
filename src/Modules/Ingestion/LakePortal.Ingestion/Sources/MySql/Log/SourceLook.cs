using System.Globalization;
using System.Text;
using LakePortal.Ingestion.Sources.MySql.Wire;

namespace LakePortal.Ingestion.Sources.MySql.Log;

internal enum ScanResult
{
    /// <summary>No statement is about the table.</summary>
    Nothing,

    /// <summary>One is, and no row of the table changes before it.</summary>
    AnotherStatement,

    /// <summary>One is, and rows change before it; or it could not be found out.</summary>
    Uncertain,
}

/// <summary>Looks at what a source has now, which the log may not have come to yet.</summary>
internal interface ISourceLook
{
    /// <summary>The table as the catalogs have it, and where the log was then, or later.</summary>
    (MySqlTable? Table, LogPosition At) Describe(string schema, string name);

    /// <summary>Asks the source something else.</summary>
    T Ask<T>(Func<MySqlSession, T> question);

    /// <summary>Whether a part of the log has a statement that is about the definition of a table.</summary>
    ScanResult Scan(string schema, string name, LogPosition from, LogPosition to);
}

/// <summary>Looks through the session beside the log's, and reads ahead through one of its own.</summary>
/// <param name="control">Used by one thread at a time: whoever holds <paramref name="turn"/>.</param>
internal sealed class SourceLook(MySqlConnections connections, SourceDefinition source, MySqlSession control, SemaphoreSlim turn, TimeProvider clock) : ISourceLook
{
    // Reading ahead costs as much as reading: far behind the end of the log, loading the table is not the worst.
    private const long FarthestBytes = 4L << 30;
    private static readonly TimeSpan LongestScan = TimeSpan.FromSeconds(120);

    public (MySqlTable? Table, LogPosition At) Describe(string schema, string name) =>
        Ask(c => (MySqlCatalog.ReadOne(c, schema, name), BinaryLog.Position(c) ?? throw new SourceProtocolException("The server does not say where its binary log is.")));

    public T Ask<T>(Func<MySqlSession, T> question)
    {
        turn.Wait();
        try
        {
            return question(control);
        }
        finally
        {
            _ = turn.Release();
        }
    }

    public ScanResult Scan(string schema, string name, LogPosition from, LogPosition to)
    {
        if (from >= to)
        {
            return ScanResult.Nothing;
        }

        var file = Ask(BinlogFile.All).Find(f => f.Number == from.File);
        if (file is null)
        {
            return ScanResult.Uncertain;
        }

        // Only its beginning is asynchronous.
        using var session = connections.OpenAsync(source, CancellationToken.None).GetAwaiter().GetResult();
        var stream = BinlogStream.Start(session, file.Name, from, replica: 0);
        var (began, bytes, hasRows) = (clock.GetTimestamp(), 0L, false);
        while (stream.Read(out var read) && read.At < to)
        {
            bytes += read.Body.Length;
            if (bytes > FarthestBytes || clock.GetElapsedTime(began) > LongestScan)
            {
                return ScanResult.Uncertain;
            }

            if (read.Type == BinlogEvents.TableMap)
            {
                hasRows |= BinlogTable.ReadTable(read.Body) is var table && Same(table.Schema, schema) && Same(table.Name, name);
            }
            else if (read.Type is BinlogEvents.Query or BinlogEvents.QueryCompressed && QueryEvent.Read(read) is var query && IsAbout(query, schema, name))
            {
                return hasRows ? ScanResult.Uncertain : ScanResult.AnotherStatement;
            }
        }

        return ScanResult.Nothing;
    }

    private static bool Same(string left, string right) => left.Equals(right, StringComparison.OrdinalIgnoreCase);

    private static bool IsAbout(QueryEvent query, string schema, string name)
    {
        var statement = LoggedStatement.Read(query.Sql);
        return statement.Kind switch
        {
            StatementKind.Alter or StatementKind.Create or StatementKind.Replace => statement.Tables.Any(t => Same(t.Name, name) && Same(t.Schema ?? query.Schema, schema)),
            StatementKind.DropDatabase => statement.Tables.Any(t => Same(t.Name, schema)),
            _ => false,
        };
    }
}

/// <summary>A statement and the schema of its session.</summary>
internal readonly record struct QueryEvent(string Schema, string Sql)
{
    public static QueryEvent Read(in BinlogEvent read)
    {
        var body = read.Body;
        var schemaLength = body[8];
        var rest = body[(13 + System.Buffers.Binary.BinaryPrimitives.ReadUInt16LittleEndian(body[11..]))..];
        var schema = Encoding.UTF8.GetString(rest[..schemaLength]);
        rest = rest[(schemaLength + 1)..];
        return new QueryEvent(schema, Encoding.UTF8.GetString(read.Type == BinlogEvents.QueryCompressed ? BinlogBytes.Inflate(rest) : rest).Trim());
    }
}

/// <summary>A file of the binary log.</summary>
/// <param name="Number">At the end of its name.</param>
internal sealed record BinlogFile(string Name, uint Number, long Size)
{
    public static List<BinlogFile> All(MySqlSession control) =>
        [.. control.Query("SHOW BINARY LOGS").Select(r => new BinlogFile(r[0]!, BinaryLog.NumberOf(r[0]!), long.Parse(r[1]!, CultureInfo.InvariantCulture))).OrderBy(f => f.Number)];
}
