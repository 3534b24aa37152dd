using LakePortal.Iceberg;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing.Files;

/// <summary>Where data files go and what they must look like: the table's current schema and default partition spec.</summary>
/// <param name="Identifier">For messages.</param>
/// <param name="Schema">Schema.</param>
/// <param name="Spec">Partition spec.</param>
/// <param name="DataLocation">Location of the directory for data files.</param>
internal sealed record WriteTarget(TableIdentifier Identifier, Schema Schema, PartitionSpec Spec, string DataLocation)
{
    public string LocalDirectory { get; } = Locations.ToLocalPath(DataLocation);

    public static WriteTarget Of(Table table) =>
        new(table.Identifier, table.Schema, table.Metadata.DefaultSpec, Locations.Join(table.Metadata.Location, "data"));

    /// <summary>Location of a file below <see cref="LocalDirectory"/>, spelled with the table's own prefix.</summary>
    public string LocationOf(string localPath) =>
        localPath.StartsWith(LocalDirectory, StringComparison.Ordinal)
            ? DataLocation + localPath[LocalDirectory.Length..]
            : throw new ArgumentException($"'{localPath}' is not below '{LocalDirectory}'.", nameof(localPath));
}
