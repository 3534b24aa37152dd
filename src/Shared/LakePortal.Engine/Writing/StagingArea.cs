using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Queries;
using LakePortal.Engine.Writing.Commits;
using LakePortal.Engine.Writing.Files;
using LakePortal.Engine.Writing.Merging;
using LakePortal.Engine.Writing.Merging.Index;
using LakePortal.Engine.Writing.Types;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing;

internal sealed class StagingArea : IStagingArea
{
    private readonly ITableCatalog _catalog;
    private readonly DataFileWriter _writer;
    private readonly Committer _committer;
    private readonly Merger _merger;
    private readonly UncommittedFiles _files;
    private readonly PrivateDatabase _database;

    public StagingArea(ITableCatalog catalog, IFileIO io, DataFileWriter writer, Committer committer, Merger merger, WriterOptions options)
    {
        _catalog = catalog;
        _writer = writer;
        _committer = committer;
        _merger = merger;
        _files = new UncommittedFiles(io);
        _database = PrivateDatabase.Open(options);
    }

    public DuckDBConnection Connection => _database.Connection;

    public ITableScanner? Scanner { get; init; }

    public required KeyIndexes Indexes { get; init; }

    public DuckDBConnection OpenConnection() => _database.OpenConnection();

    public async Task<IReadOnlyList<ContentFile>> WriteFilesAsync(
        DuckDBConnection connection, string trustedSelect, TableIdentifier target, CancellationToken cancellationToken)
    {
        var table = await LoadAsync(target, cancellationToken);
        var assignments = Columns.Assign(table, await Columns.DescribeAsync(target, connection, trustedSelect, cancellationToken));
        return await _writer.WriteAsync(connection, trustedSelect, assignments, WriteTarget.Of(table), _files, cancellationToken);
    }

    public Task<WriteOutcome> CommitAppendAsync(
        TableIdentifier target, IReadOnlyList<ContentFile> files, IReadOnlyDictionary<string, string> summary, CancellationToken cancellationToken) =>
        CommitAsync(target, files, new SnapshotChange { AddedFiles = files, Summary = summary }, cancellationToken);

    public Task<WriteOutcome> CommitReplaceAsync(
        TableIdentifier target, IReadOnlyList<ContentFile> files, IReadOnlyDictionary<string, string> summary, CancellationToken cancellationToken) =>
        CommitAsync(target, files, new SnapshotChange { AddedFiles = files, RemoveAll = true, Summary = summary }, cancellationToken);

    public Task<WriteOutcome> MergeAsync(
        TableIdentifier target, string trustedSelect, IReadOnlyList<string> key, string? deletedFlagColumn, IReadOnlyDictionary<string, string> summary, CancellationToken cancellationToken) =>
        MergeAsync(target, null, trustedSelect, key, deletedFlagColumn, summary, cancellationToken);

    public Task<WriteOutcome> MergeIntoBranchAsync(
        TableIdentifier target, string branch, string trustedSelect, IReadOnlyList<string> key, string? deletedFlagColumn, IReadOnlyDictionary<string, string> summary, CancellationToken cancellationToken) =>
        MergeAsync(target, branch, trustedSelect, key, deletedFlagColumn, summary, cancellationToken);

    private async Task<WriteOutcome> MergeAsync(
        TableIdentifier target, string? branch, string trustedSelect, IReadOnlyList<string> key, string? deletedFlagColumn, IReadOnlyDictionary<string, string> summary, CancellationToken cancellationToken)
    {
        var table = await LoadAsync(target, cancellationToken);
        await using var connection = _database.OpenConnection();
        var columns = await Columns.DescribeAsync(target, connection, trustedSelect, cancellationToken);
        var rows = trustedSelect;
        string? deleted = null;
        if (deletedFlagColumn is not null)
        {
            var flag = columns.FirstOrDefault(c => c.Name.Equals(deletedFlagColumn, StringComparison.OrdinalIgnoreCase))
                ?? throw new MergeKeyException(target, $"the rows have no column '{deletedFlagColumn}' to tell which are deleted", "Select it.");
            columns = [.. columns.Where(c => c != flag)];
            rows = $"SELECT * EXCLUDE ({WriterSql.Name(flag.Name)}) FROM ({trustedSelect}) AS m WHERE {WriterSql.Name(flag.Name)} IS NOT TRUE";
            deleted = $"SELECT * FROM ({trustedSelect}) AS m WHERE {WriterSql.Name(flag.Name)} IS TRUE";
        }

        var assignments = Columns.Assign(table, columns);
        var written = await MergeSpans.RunAsync("merge write", () => _writer.WriteAsync(connection, rows, assignments, WriteTarget.Of(table), _files, cancellationToken));
        return await _merger.MergeAsync(new MergeInput(table, connection, written, key, deleted, summary) { Branch = branch }, _files, cancellationToken);
    }

    public async Task<WriteOutcome> ApplyCopiesAsync(
        TableIdentifier target, string trustedSelect, string copiesColumn, IReadOnlyDictionary<string, string> summary, CancellationToken cancellationToken)
    {
        var table = await LoadAsync(target, cancellationToken);
        await using var connection = _database.OpenConnection();
        var columns = await Columns.DescribeAsync(target, connection, trustedSelect, cancellationToken);
        var copies = columns.FirstOrDefault(c => c.Name.Equals(copiesColumn, StringComparison.OrdinalIgnoreCase))
            ?? throw new MergeKeyException(target, $"the rows have no column '{copiesColumn}' to tell how many there are", "Select it.");
        var assignments = Columns.Assign(table, [.. columns.Where(c => c != copies)]);
        var name = WriterSql.Name(copies.Name);
        var net = $"SELECT * EXCLUDE ({name}), sum({name})::BIGINT AS {name} FROM ({trustedSelect}) AS m GROUP BY ALL";
        var rows = $"SELECT * EXCLUDE ({name}, lakeportal_copy) FROM (SELECT *, unnest(range({name})) AS lakeportal_copy FROM ({net}) AS n WHERE {name} > 0) AS e";
        try
        {
            var removed = await Copies.CreateAsync(table, connection, net, copies.Name, assignments, cancellationToken);
            var written = await _writer.WriteAsync(connection, rows, assignments, WriteTarget.Of(table), _files, cancellationToken);
            return await _merger.RemoveCopiesAsync(new MergeInput(table, connection, written, [], null, summary), removed, _files, cancellationToken);
        }
        catch (DuckDBException e)
        {
            throw WriteFailures.Of(target, e);
        }
        finally
        {
            await Copies.DropAsync(connection);
        }
    }

    public async Task<string> ScanAsync(DuckDBConnection connection, TableIdentifier table, long snapshotId, IReadOnlyList<string> columns, CancellationToken cancellationToken)
    {
        var scanner = Scanner ?? throw new InvalidOperationException("No query engine is registered (AddLakePortalEngine); staging areas cannot read tables.");
        return (await scanner.ScanAsync(await _catalog.LoadAsync(table, cancellationToken), snapshotId, columns, cancellationToken)).On(connection);
    }

    public async Task CopyRowsAsync(
        DuckDBConnection connection, TableIdentifier source, string keysSelect, IReadOnlyList<string> key, string into, CancellationToken cancellationToken) =>
        await KeyedRows.CopyAsync(await _catalog.LoadAsync(source, cancellationToken), connection, keysSelect, key, Indexes, into, cancellationToken);

    public async Task CopyTableAsync(
        DuckDBConnection connection, TableIdentifier source, Predicate? predicate, string? trustedWhere, string into, CancellationToken cancellationToken) =>
        await KeyedRows.CopyAsync(await _catalog.LoadAsync(source, cancellationToken), connection, predicate, trustedWhere, into, cancellationToken);

    public void Keep(IReadOnlyList<ContentFile> files) => _files.Release(files.Select(f => f.Path));

    public Task DiscardAsync(IReadOnlyList<ContentFile> files, CancellationToken cancellationToken) =>
        _files.RemoveAsync([.. files.Select(f => f.Path)], cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        await _files.DisposeAsync();
    }

    private async Task<Table> LoadAsync(TableIdentifier target, CancellationToken cancellationToken)
    {
        var table = await _catalog.LoadAsync(target, cancellationToken);
        return table.IsReadOnly ? throw new TableReadOnlyException(target) : table;
    }

    private async Task<WriteOutcome> CommitAsync(TableIdentifier target, IReadOnlyList<ContentFile> files, SnapshotChange change, CancellationToken cancellationToken)
    {
        var table = await LoadAsync(target, cancellationToken);
        var snapshot = await _committer.CommitAsync(table, change, _files, cancellationToken);
        return new WriteOutcome(snapshot.SnapshotId, files.Sum(f => f.RecordCount), change.RemoveAll ? Committer.RemovedRows(snapshot) : 0, files.Count, files.Sum(f => f.FileSizeInBytes));
    }
}
