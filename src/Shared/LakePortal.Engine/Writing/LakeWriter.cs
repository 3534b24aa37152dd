using LakePortal.Engine.Queries;
using LakePortal.Engine.Writing.Commits;
using LakePortal.Engine.Writing.Compaction;
using LakePortal.Engine.Writing.Files;
using LakePortal.Engine.Writing.Merging;
using LakePortal.Engine.Writing.Merging.Index;
using LakePortal.Engine.Writing.Types;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing;

internal sealed class LakeWriter : ILakeWriter
{
    private readonly ITableCatalog _catalog;
    private readonly IFileIO _io;
    private readonly IBoundQueryFactory? _queries;
    private readonly WriterOptions _options;
    private readonly TimeProvider _time;
    private readonly DataFileWriter _dataFiles;
    private readonly Committer _committer;
    private readonly Merger _merger;

    /// <param name="queries">Null where nothing but staging is wanted.</param>
    public LakeWriter(ITableCatalog catalog, IFileIO io, IBoundQueryFactory? queries, WriterOptions options, TimeProvider time)
    {
        _catalog = catalog;
        _io = io;
        _queries = queries;
        _options = options;
        _time = time;
        _dataFiles = new DataFileWriter(options);
        Indexes = new KeyIndexes(options);
        _committer = new Committer(catalog);
        _merger = new Merger(
            catalog, _committer, new PositionDeleter(_dataFiles, new DeleteFileWriter(options), Indexes, options), new UnchangedRows(_dataFiles), options, time);
    }

    internal KeyIndexes Indexes { get; }

    /// <summary>Compacts tables; merges of this writer wait for it where they must.</summary>
    internal Compactor Compactor(Func<string, Task> reached) => new(_catalog, _io, _dataFiles, _committer, _merger, _options) { Reached = reached };

    /// <summary>Null where staging areas do not read tables.</summary>
    public ITableScanner? Scanner { get; init; }

    public Task<IStagingArea> OpenStagingAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IStagingArea>(new StagingArea(_catalog, _io, _dataFiles, _committer, _merger, _options) { Scanner = Scanner, Indexes = Indexes });
    }

    public async Task<WriteOutcome> WriteQueryAsync(WriteQuery write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        var queries = _queries ?? throw new InvalidOperationException("No query engine is registered (AddLakePortalEngine); only staging areas can write.");
        await using var query = await queries.BindAsync(write.Request, cancellationToken);
        using var limit = new Deadline(query.Deadline, _time, cancellationToken);
        try
        {
            var outcome = await WriteAsync(write, query, limit.Token);
            return outcome with { Inputs = query.Snapshots };
        }
        catch (OperationCanceledException) when (limit.Passed && !cancellationToken.IsCancellationRequested)
        {
            throw new QueryTimeoutException(limit.Length);
        }
    }

    private async Task<WriteOutcome> WriteAsync(WriteQuery write, BoundQuery query, CancellationToken cancellationToken)
    {
        var columns = await Columns.DescribeAsync(write.Target, query.Connection, query.Sql, cancellationToken);
        var existing = await _catalog.FindAsync(write.Target, cancellationToken);
        var table = existing ?? await CreateAsync(write, columns, cancellationToken);
        if (table.IsReadOnly)
        {
            throw new TableReadOnlyException(write.Target);
        }

        var files = new UncommittedFiles(_io);
        await using (files)
        {
            try
            {
                return await WriteAsync(write, query, table, columns, files, cancellationToken);
            }
            catch when (existing is null)
            {
                await DropIfEmptyAsync(write.Target);
                throw;
            }
        }
    }

    private async Task<WriteOutcome> WriteAsync(
        WriteQuery write, BoundQuery query, Table table, IReadOnlyList<SourceColumn> columns, UncommittedFiles files, CancellationToken cancellationToken)
    {
        var match = ColumnMatch.Of(table.Identifier, table.Schema, columns);
        if (match.NeedsEvolution)
        {
            table = await EvolveAsync(table, match, cancellationToken);
            match = ColumnMatch.Of(table.Identifier, table.Schema, columns);
        }

        var select = write is { Mode: WriteMode.Merge, OrderBy: { } order } ? LastOfEachKey(write, query.Sql, order) : query.Sql;
        var written = await _dataFiles.WriteAsync(query.Connection, select, match.Assignments, WriteTarget.Of(table), files, cancellationToken);
        if (write.Mode == WriteMode.Merge)
        {
            // A database of its own: the query's connection is locked down, and its memory is everybody's.
            await using var database = PrivateDatabase.Open(_options);
            var input = new MergeInput(table, database.Connection, written, write.Key, null, write.Summary) { Branch = write.Branch, SkipUnchanged = write.SkipUnchanged };
            return await _merger.MergeAsync(input, files, cancellationToken);
        }

        if (written.Count == 0 && write is { Mode: WriteMode.Append, Summary.Count: 0 })
        {
            return new WriteOutcome(table.Metadata.CurrentSnapshotId, 0, 0, 0, 0);
        }

        var replace = write.Mode == WriteMode.Replace;
        var change = new SnapshotChange { AddedFiles = written, RemoveAll = replace, Summary = write.Summary, Branch = write.Branch ?? SnapshotRef.Main };
        var snapshot = await _committer.CommitAsync(table, change, files, cancellationToken);
        return new WriteOutcome(snapshot.SnapshotId, written.Sum(f => f.RecordCount), replace ? Committer.RemovedRows(snapshot) : 0, written.Count, written.Sum(f => f.FileSizeInBytes));
    }

    private async Task<Table> CreateAsync(WriteQuery write, IReadOnlyList<SourceColumn> columns, CancellationToken cancellationToken)
    {
        foreach (var key in write.Key)
        {
            if (!columns.Any(c => c.Name.Equals(key, StringComparison.OrdinalIgnoreCase)))
            {
                throw new MergeKeyException(write.Target, $"the key column '{key}' does not exist", $"Columns are: {string.Join(", ", columns.Select(c => c.Name))}.");
            }
        }

        // Identifier fields must be required (specification, section "Identifier Field IDs").
        var keys = columns.Select(c => c.Name).Where(n => write.Key.Contains(n, StringComparer.OrdinalIgnoreCase)).ToList();
        var fields = columns.Select(c => new NestedField(0, c.Name, c.Type, Required: keys.Contains(c.Name))).ToList();
        return await _catalog.CreateAsync(new CreateTable(write.Target, fields, keys, write.PartitionBy, new Dictionary<string, string>()), cancellationToken);
    }

    private static Task<Table> EvolveAsync(Table table, ColumnMatch match, CancellationToken cancellationToken) => table.UpdateSchemaAsync(
        update =>
        {
            foreach (var promotion in match.Promotions)
            {
                update.PromoteColumn(promotion.Path, promotion.NewType);
            }

            foreach (var addition in match.Additions)
            {
                update.AddColumn(addition.Parent, addition.Name, addition.Type);
            }
        },
        cancellationToken);

    private static string LastOfEachKey(WriteQuery write, string sql, string order)
    {
        var keys = WriterSql.Names(write.Key);
        return $"SELECT * FROM ({sql}) AS m QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {order}) = count(*) OVER (PARTITION BY {keys})";
    }

    private async Task DropIfEmptyAsync(TableIdentifier target)
    {
        var table = await _catalog.FindAsync(target, CancellationToken.None);
        if (table is { Metadata.Snapshots.Count: 0 })
        {
            await _catalog.DropAsync(target, purge: true, CancellationToken.None);
        }
    }
}
