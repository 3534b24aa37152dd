namespace LakePortal.Iceberg.Tables;

/// <summary>A partition or sort transform (specification, section "Partition Transforms").</summary>
/// <param name="Name">identity, bucket, truncate, year, month, day, hour, void; any other name is unknown: ignored for pruning, refused for writing.</param>
/// <param name="Parameter">N of bucket, W of truncate; else 0.</param>
public sealed record Transform(string Name, int Parameter = 0)
{
    public override string ToString() => Parameter > 0 ? $"{Name}[{Parameter}]" : Name;
}

public sealed record PartitionField(int SourceId, int FieldId, string Name, Transform Transform);

public sealed record PartitionSpec(int SpecId, IReadOnlyList<PartitionField> Fields)
{
    public static readonly PartitionSpec Unpartitioned = new(0, []);

    public bool IsUnpartitioned => Fields.Count == 0;
}
