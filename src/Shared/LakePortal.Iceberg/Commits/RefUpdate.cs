using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Commits;

internal sealed class RefUpdate(TableIdentifier identifier, TableMetadata metadata, DateTimeOffset now) : IRefUpdate
{
    public TableMetadata Result { get; private set; } = metadata;

    public IRefUpdate CreateBranch(string name, long snapshotId)
    {
        CheckNew(name, snapshotId);
        Result = SnapshotRefs.SetBranch(Result, name, snapshotId, now);
        return this;
    }

    public IRefUpdate CreateTag(string name, long snapshotId, TimeSpan? maxAge = null)
    {
        CheckNew(name, snapshotId);
        if (name == SnapshotRef.Main || maxAge <= TimeSpan.Zero)
        {
            throw new InvalidTableDefinitionException(name == SnapshotRef.Main ? "'main' is a branch and cannot be a tag" : "a tag's age must be positive");
        }

        Result = SnapshotRefs.WithRef(Result, name, new SnapshotRef(snapshotId, true, MaxRefAge: maxAge));
        return this;
    }

    public IRefUpdate FastForward(string branch, string to)
    {
        var target = Result.Refs.GetValueOrDefault(to) ?? throw new SnapshotNotFoundException($"The table '{identifier}' has no branch or tag '{to}'.");
        if (Result.Refs.TryGetValue(branch, out var from))
        {
            CheckBranch(branch, from);
            if (from.SnapshotId == target.SnapshotId)
            {
                return this;
            }

            if (!SnapshotRefs.IsAncestor(Result, from.SnapshotId, target.SnapshotId))
            {
                throw new CommitConflictException(identifier, $"'{branch}' has moved on since '{to}' was made from it");
            }
        }
        else if (branch != SnapshotRef.Main)
        {
            throw new SnapshotNotFoundException($"The table '{identifier}' has no branch '{branch}'.");
        }

        Result = SnapshotRefs.SetBranch(Result, branch, target.SnapshotId, now);
        return this;
    }

    public IRefUpdate SetBranch(string branch, long snapshotId)
    {
        CheckSnapshot(snapshotId);
        if (Result.Refs.TryGetValue(branch, out var existing))
        {
            CheckBranch(branch, existing);
            if (existing.SnapshotId == snapshotId)
            {
                return this;
            }
        }

        Result = SnapshotRefs.SetBranch(Result, branch, snapshotId, now);
        return this;
    }

    public IRefUpdate Remove(string name)
    {
        if (name == SnapshotRef.Main)
        {
            throw new InvalidTableDefinitionException("the branch 'main' cannot be removed");
        }

        Result = Result.Refs.ContainsKey(name)
            ? SnapshotRefs.WithRef(Result, name, null)
            : throw new SnapshotNotFoundException($"The table '{identifier}' has no branch or tag '{name}'.");
        return this;
    }

    private static void CheckBranch(string name, SnapshotRef reference)
    {
        if (reference.IsTag)
        {
            throw new InvalidTableDefinitionException($"'{name}' is a tag, and tags do not move");
        }
    }

    private void CheckNew(string name, long snapshotId)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            throw new InvalidTableDefinitionException("a branch or tag needs a name");
        }

        if (Result.Refs.ContainsKey(name))
        {
            throw new CommitConflictException(identifier, $"a branch or tag '{name}' exists already");
        }

        CheckSnapshot(snapshotId);
    }

    private void CheckSnapshot(long snapshotId)
    {
        if (Result.FindSnapshot(snapshotId) is null)
        {
            throw new SnapshotNotFoundException($"The table '{identifier}' has no snapshot {snapshotId}.");
        }
    }
}
