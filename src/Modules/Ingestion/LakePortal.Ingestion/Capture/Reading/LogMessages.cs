using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Capture.Reading;

/// <param name="Name">As of the logged transaction.</param>
/// <param name="IsKey">Part of the replica identity.</param>
internal sealed record RelationColumn(string Name, uint TypeOid, int TypeModifier, bool IsKey);

/// <summary>A table as of the changes that follow; sent before the first of them and after each change of its definition.</summary>
/// <param name="Identity">relreplident: d default, n nothing, f full, i index.</param>
internal sealed record Relation(uint Oid, string Schema, string Name, char Identity, IReadOnlyList<RelationColumn> Columns)
{
    public string Display => $"{Schema}.{Name}";

    public bool IsSameAs(Relation other) =>
        Oid == other.Oid && Schema == other.Schema && Name == other.Name && Identity == other.Identity && Columns.SequenceEqual(other.Columns);
}

/// <param name="CommitPosition">Where the transaction's commit record begins: what orders transactions, and tells those of a snapshot.</param>
internal readonly record struct LoggedTransaction(Sources.LogPosition CommitPosition, DateTimeOffset CommittedAt, long Xid);

/// <summary>Which kind of row a tuple of a change message is.</summary>
internal enum OldRow
{
    /// <summary>The key did not change.</summary>
    None,

    /// <summary>Only the columns of the replica identity.</summary>
    Key,

    /// <summary>The whole row as it was.</summary>
    Full,
}

/// <summary>Takes what a log says, in its order. Spans are valid during the call only.</summary>
internal interface ILogReceiver
{
    void Begin(LoggedTransaction transaction);

    /// <param name="end">Where the record ends: the position that includes the transaction.</param>
    void Commit(Sources.LogPosition end);

    void Describe(Relation relation);

    void Insert(uint relation, LoggedRow row);

    void Update(uint relation, OldRow kind, LoggedRow old, LoggedRow row);

    void Delete(uint relation, OldRow kind, LoggedRow old);

    void Truncate(ReadOnlySpan<uint> relations);

    void Message(string prefix, ReadOnlySpan<byte> content);
}
