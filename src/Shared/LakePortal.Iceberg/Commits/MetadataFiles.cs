using System.Globalization;
using LakePortal.Iceberg.IO;

namespace LakePortal.Iceberg.Commits;

/// <summary>Names of the files below <c>metadata/</c>, as Java chooses them; other readers parse the number of the metadata file.</summary>
internal static class MetadataFiles
{
    public static string Next(string tableLocation, string? previous, bool gzip)
    {
        var number = previous is null ? 0 : NumberOf(previous) + 1;
        return InMetadata(tableLocation, string.Create(CultureInfo.InvariantCulture, $"{number:00000}-{Guid.NewGuid()}{(gzip ? ".gz" : "")}.metadata.json"));
    }

    public static string InMetadata(string tableLocation, string name) => Locations.Join(Locations.Join(tableLocation, "metadata"), name);

    /// <summary>Number of <c>00012-….metadata.json</c> or <c>v12.metadata.json</c>; -1 when the name has none.</summary>
    internal static int NumberOf(string location)
    {
        var name = Locations.FileName(location);
        var text = name.StartsWith('v') ? name[1..] : name;
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        return int.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
    }
}
