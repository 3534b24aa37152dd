using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Tables;
using Parquet;

namespace LakePortal.Engine.Tests.Writing;

/// <summary>What another Parquet library sees in a file's footer.</summary>
internal static class ParquetFooters
{
    /// <summary>All field ids of the file's schema elements, sorted; elements that carry none (the list and map wrappers) are left out.</summary>
    public static async Task<List<int>> FieldIdsAsync(ContentFile file)
    {
        await using var stream = File.OpenRead(Locations.ToLocalPath(file.Path));
        await using var reader = await ParquetReader.CreateAsync(stream);
        return [.. reader.Metadata!.Schema.Where(e => e.FieldId is not null).Select(e => e.FieldId!.Value).Order()];
    }
}
