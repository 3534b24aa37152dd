using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg;

/// <summary>A table at one version of its metadata. Immutable: commits and refreshes return a new one.</summary>
public abstract class Table
{
    public abstract TableIdentifier Identifier { get; }

    public abstract TableMetadata Metadata { get; }

    public abstract string MetadataLocation { get; }

    /// <summary>Adopted tables refuse every commit.</summary>
    public abstract bool IsReadOnly { get; }

    /// <summary>Adopted tables: how the paths of data and delete files, which stay as the writer left them, become locations here. Empty: they are.</summary>
    public virtual IReadOnlyList<LocationMapping> LocationMap => [];

    public Schema Schema => Metadata.CurrentSchema;

    /// <summary>The live files at a snapshot that may hold rows for which <paramref name="predicate"/> is true (null: all), each with its deletes. Reads manifests only.</summary>
    public abstract Task<ScanPlan> PlanScanAsync(SnapshotSelector selector, Predicate? predicate, CancellationToken cancellationToken);

    /// <summary>Every live content file of a snapshot, delete files included.</summary>
    public abstract Task<IReadOnlyList<ContentFile>> ListFilesAsync(SnapshotSelector selector, CancellationToken cancellationToken);

    /// <exception cref="CommitConflictException">The change does not hold any more on what was committed meanwhile.</exception>
    public abstract Task<Table> CommitAsync(SnapshotChange change, CancellationToken cancellationToken);

    /// <summary>Evolves the schema; operations are checked against the rules of the specification and applied to the newest version.</summary>
    public abstract Task<Table> UpdateSchemaAsync(Action<ISchemaUpdate> update, CancellationToken cancellationToken);

    /// <summary>Sets properties; a null value removes.</summary>
    public abstract Task<Table> UpdatePropertiesAsync(IReadOnlyDictionary<string, string?> properties, CancellationToken cancellationToken);

    /// <summary>Creates or moves branches and tags.</summary>
    public abstract Task<Table> UpdateRefsAsync(Action<IRefUpdate> update, CancellationToken cancellationToken);

    /// <summary>
    /// Takes snapshots out of the history, and branches and tags with them; files stay. What remaining refs point to stays. <paramref name="choose"/> is asked again when another commit
    /// was faster.
    /// </summary>
    public virtual Task<Table> RemoveSnapshotsAsync(Func<TableMetadata, (IReadOnlySet<long> Snapshots, IReadOnlySet<string> Refs)> choose, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"The history of '{Identifier}' cannot be changed.");

    /// <summary>Every file that these snapshots refer to, once each: manifest lists, manifests, live data and delete files.</summary>
    public virtual Task<IReadOnlyList<string>> ListFilesOfAsync(IReadOnlyCollection<long> snapshots, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"The files of '{Identifier}' cannot be listed.");

    public abstract Task<Table> RefreshAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The absolute local path of a file that the metadata names: strips <c>file://</c>, and applies the prefix mapping of an adopted table.
    /// Paths inside position delete files are compared as written, not resolved.
    /// </summary>
    public abstract string ResolveLocation(string location);

    /// <summary>The deleted positions, ascending, of a deletion vector (format <c>PUFFIN</c>) found among a task's deletes.</summary>
    public abstract Task<IReadOnlyList<long>> ReadDeletionVectorAsync(ContentFile file, CancellationToken cancellationToken);
}

/// <summary>Schema evolution by name path (<c>address.city</c>; <c>element</c>, <c>key</c>, <c>value</c> inside lists and maps).</summary>
public interface ISchemaUpdate
{
    /// <summary>Adds an optional column; nested ids are assigned.</summary>
    ISchemaUpdate AddColumn(string? parent, string name, IcebergType type, string? doc = null);

    ISchemaUpdate DropColumn(string path);

    ISchemaUpdate RenameColumn(string path, string newName);

    /// <summary>int→long, float→double, decimal(P,S)→decimal(P'&gt;P,S) only.</summary>
    ISchemaUpdate PromoteColumn(string path, PrimitiveType newType);

    ISchemaUpdate MakeOptional(string path);

    ISchemaUpdate SetDoc(string path, string? doc);

    ISchemaUpdate SetIdentifierFields(IReadOnlyList<string> paths);
}

public interface IRefUpdate
{
    IRefUpdate CreateBranch(string name, long snapshotId);

    IRefUpdate CreateTag(string name, long snapshotId, TimeSpan? maxAge = null);

    /// <summary>Moves <paramref name="branch"/> to the head of <paramref name="to"/>, of which it must be an ancestor.</summary>
    IRefUpdate FastForward(string branch, string to);

    /// <summary>Moves a branch to any known snapshot (rollback).</summary>
    IRefUpdate SetBranch(string branch, long snapshotId);

    IRefUpdate Remove(string name);
}
