namespace LakePortal.Engine.Queries.Binding;

/// <summary>A Parquet file's own schema.</summary>
internal sealed record FileSchema(IReadOnlyList<FileField> Fields)
{
    /// <summary>Files imported from elsewhere have none.</summary>
    public bool HasIds { get; } = Fields.Any(f => f.Id is not null);
}

internal sealed record FileField(string Name, int? Id, IReadOnlyList<FileField> Children)
{
    /// <summary>The element of a list: the child of the repeated group, or the repeated field itself in the old two-level form.</summary>
    public FileField? Element => Children is [var repeated] ? repeated.Children is [var element] ? element : repeated : null;

    /// <summary>Key and value of a map.</summary>
    public (FileField Key, FileField Value)? Entry => Children is [{ Children: [var key, var value] }] ? (key, value) : null;
}
