using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Sources;
using Npgsql;
using NpgsqlTypes;

namespace LakePortal.Ingestion.Capture.Slots;

/// <summary>A table as the source's catalogs have it.</summary>
/// <param name="Heaps">The files of its rows, partitions' and inheritors' included.</param>
/// <param name="Definition">Changes whenever a column is altered.</param>
/// <param name="Columns">Those with a value for rows that nobody wrote it into, and all others.</param>
internal sealed record WatchedTable(uint Oid, string Heaps, string Definition, IReadOnlyList<WatchedColumn> Columns)
{
    public bool HasSeveralHeaps => Heaps.Contains(' ', StringComparison.Ordinal);
}

/// <param name="Published">The tables whose changes are sent.</param>
internal sealed record SourceLook(IReadOnlyDictionary<(string Schema, string Name), WatchedTable> Tables, IReadOnlySet<(string Schema, string Name)> Published);

/// <param name="IsFilled">Existing rows have a value that nobody wrote: a default, or an identity.</param>
internal sealed record WatchedColumn(short Number, string Name, bool IsFilled);

/// <summary>
/// Looks for what changes rows without being in the log: a partition attached, detached or truncated by itself, a rewrite by ALTER TABLE, a column that came
/// with a default, a table dropped and made again. It is judged once everything that was committed before the look is in the lake.
/// </summary>
internal sealed class SourceWatch(CaptureServices services, string source, CaptureTables tables)
{
    private (LogPosition At, SourceLook Seen)? _look;

    public static async Task<IReadOnlyDictionary<(string Schema, string Name), WatchedTable>> ReadAsync(NpgsqlConnection connection, IReadOnlyCollection<(string Schema, string Name)> names, CancellationToken cancellationToken)
    {
        var seen = new Dictionary<(string, string), WatchedTable>();
        await using var command = new NpgsqlCommand(PgCatalogSql.Watch, connection)
        {
            Parameters =
            {
                new() { Value = names.Select(n => n.Schema).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new() { Value = names.Select(n => n.Name).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var (numbers, columns, filled) = (reader.GetFieldValue<short[]>(5), reader.GetFieldValue<string[]>(6), reader.GetFieldValue<bool[]>(7));
            seen[(reader.GetString(0), reader.GetString(1))] = new WatchedTable(
                reader.GetFieldValue<uint>(2), reader.IsDBNull(3) ? "" : reader.GetString(3), reader.IsDBNull(4) ? "" : reader.GetString(4), [.. numbers.Select((n, i) => new WatchedColumn(n, columns[i], filled[i]))]);
        }

        return seen;
    }

    /// <summary>Looks; the position has to be taken after it.</summary>
    public async Task<SourceLook> LookAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var names = tables.All.Select(t => (t.Sync.Schema, t.Sync.Table)).ToList();
        return new SourceLook(await ReadAsync(connection, names, cancellationToken), await SlotManager.PublishedAsync(connection, tables.Publication, names, cancellationToken));
    }

    public static string Unpublished(CapturedTable table, string publication) =>
        $"The publication '{publication}' did not hold {table.Sync.SourceTable} for a while, so changes of it may be missing: it is loaded anew.";

    public void Looked(SourceLook seen, LogPosition at) => _look ??= (at, seen);

    /// <summary>What was seen can be judged at the position.</summary>
    public bool WaitsFor(LogPosition end) => _look is { } look && look.At <= end;

    /// <exception cref="CaptureRestartsException">The publication has to be made anew.</exception>
    public async Task JudgeAsync(LogPosition landed, CancellationToken cancellationToken)
    {
        if (_look is not { } look || landed < look.At)
        {
            return;
        }

        _look = null;
        foreach (var table in tables.All)
        {
            await table.Gate.WaitAsync(cancellationToken);
            try
            {
                await JudgeAsync(table, look.Seen, cancellationToken);
            }
            finally
            {
                _ = table.Gate.Release();
            }
        }
    }

    private async Task JudgeAsync(CapturedTable table, SourceLook look, CancellationToken cancellationToken)
    {
        var name = (table.Sync.Schema, table.Sync.Table);
        var now = look.Tables.GetValueOrDefault(name);
        if (table.State != CaptureStates.Streaming || table.Landed is not { } landed)
        {
            return;
        }

        if (now is null)
        {
            await services.Lander.HoldAsync(source, table, new CaptureHeldException(table.Name, $"The table {table.Sync.SourceTable} was dropped or renamed in source '{source}'; the lake keeps what it had.",
                "Delete the sync; or, once the table is there again, restart the capture of the sync."), cancellationToken);
            return;
        }

        if (now.Oid != landed.Oid)
        {
            await services.Lander.ReloadAsync(source, table, $"The table {table.Sync.SourceTable} was dropped and made again: it is loaded anew.", cancellationToken);
            throw new CaptureRestartsException(source, $"{table.Sync.SourceTable} was dropped and made again");
        }

        if (!look.Published.Contains(name))
        {
            await services.Lander.ReloadAsync(source, table, Unpublished(table, tables.Publication), cancellationToken);
            throw new CaptureRestartsException(source, $"the publication '{tables.Publication}' does not hold {table.Sync.SourceTable}");
        }

        var filled = table.Sync.SchemaPolicy == SchemaPolicy.Freeze ? [] : now.Columns.Where(c => !landed.Has(c.Number) && !table.Sync.Exclude.Contains(c.Name) && (c.IsFilled || landed.Columns.Any(l => l.Source == c.Name))).ToList();
        if (filled.Count > 0)
        {
            table.NeedsLoad ??= TableFitter.Filled(filled.Select(f => f.Name));
        }
        else if (landed.Heaps is { } heaps && heaps != now.Heaps && (now.HasSeveralHeaps || heaps.Contains(' ', StringComparison.Ordinal) || landed.Definition != now.Definition))
        {
            table.NeedsLoad ??= $"Rows of {table.Sync.SourceTable} changed without being in the log (a partition came, went or was truncated by itself, or the table was rewritten by ALTER TABLE): the table is loaded again.";
        }
        else if (landed.Heaps != now.Heaps || landed.Definition != now.Definition)
        {
            await services.Fitter.SaveAsync(table, landed with { Heaps = now.Heaps, Definition = now.Definition }, cancellationToken);
        }
    }
}
