using LakePortal.Kernel.Messaging;
using LakePortal.Serving.Contracts.Queries;
using MediatR;

namespace LakePortal.Serving.Contracts.Tables;

/// <param name="Rows">Live rows by the snapshot summary; null without a snapshot, and with equality deletes, of which only reading tells how many rows they take.</param>
public sealed record TableSummary(
    string Namespace, string Name, long? Rows, long? Bytes, int? Files, DateTimeOffset? UpdatedAt, int Columns, bool IsReadOnly);

/// <summary>Tables the caller may see, ordered by name.</summary>
[RequiresPermission(Permissions.TablesRead)]
public sealed record ListTables(string? Namespace = null, string? Contains = null) : IRequest<IReadOnlyList<TableSummary>>;

/// <exception cref="LakePortal.Kernel.Errors.LakePortalException">Absent, or hidden from the caller: the same answer.</exception>
[RequiresPermission(Permissions.TablesRead)]
public sealed record GetTable(string Namespace, string Name) : IRequest<TableDetail>;

public sealed record TableDetail(
    TableSummary Summary, Guid Uuid, int FormatVersion, string Location, string MetadataLocation, IReadOnlyList<TableColumn> Schema,
    IReadOnlyList<string> Key, IReadOnlyList<string> PartitionBy, IReadOnlyDictionary<string, string> Properties,
    IReadOnlyList<TableSnapshotInfo> Snapshots, IReadOnlyList<TableRefInfo> Refs, IReadOnlyList<TableHealth> Health);

/// <param name="Type">Iceberg's type name.</param>
public sealed record TableColumn(int Id, string Name, string Type, bool Required, string? Doc);

public sealed record TableSnapshotInfo(
    string SnapshotId, string? ParentId, DateTimeOffset At, string Operation, long AddedRows, long DeletedRows, long? TotalRows,
    int AddedFiles, int RemovedFiles, IReadOnlyDictionary<string, string> Summary);

public sealed record TableRefInfo(string Name, string Type, string SnapshotId);

/// <param name="Measured">The value.</param>
/// <param name="Threshold">From which it is not healthy.</param>
/// <param name="State"><c>good</c>, <c>warn</c>, <c>bad</c>.</param>
public sealed record TableHealth(string Rule, string State, string Measured, string Threshold, string? Recommendation);

/// <summary>Live files of a snapshot (null: the newest), largest first, paged.</summary>
[RequiresPermission(Permissions.TablesRead)]
public sealed record ListTableFiles(string Namespace, string Name, string? SnapshotId = null, int Offset = 0, int Limit = 100) : IRequest<TableFiles>;

public sealed record TableFiles(int Total, IReadOnlyList<TableFile> Files);

/// <param name="Content"><c>data</c>, <c>position deletes</c>, <c>equality deletes</c>, <c>deletion vector</c>.</param>
public sealed record TableFile(string Path, string Content, string Partition, long Rows, long Bytes, long? SequenceNumber);

[RequiresPermission(Permissions.TablesRead)]
public sealed record ListTablePartitions(string Namespace, string Name, int Offset = 0, int Limit = 100) : IRequest<TablePartitions>;

public sealed record TablePartitions(int Total, IReadOnlyList<TablePartition> Partitions);

public sealed record TablePartition(string Partition, int Files, long Rows, long Bytes, int DeleteFiles);

/// <summary>The first rows, through the same door as every query. <paramref name="SnapshotId"/> for time travel.</summary>
[RequiresPermission(Permissions.TablesRead)]
public sealed record PreviewTable(string Namespace, string Name, string? SnapshotId = null, int Limit = 50) : IRequest<QueryAnswer>;

/// <summary>Adopts an Iceberg table that others wrote, read-only.</summary>
/// <param name="Map">Prefix rewrites, <c>from=to</c>.</param>
[RequiresPermission(Permissions.TablesWrite)]
public sealed record RegisterTable(string Table, string MetadataFile, IReadOnlyList<string> Map) : IRequest<TableSummary>, IAuditedRequest
{
    public string AuditObject => $"table/{Table}";
}

/// <summary>Forgets the table; adopted tables keep their files, own ones lose theirs.</summary>
[RequiresPermission(Permissions.TablesWrite)]
public sealed record DropTable(string Namespace, string Name) : IRequest, IAuditedRequest
{
    public string AuditObject => $"table/{Namespace}.{Name}";
}
