using System.Globalization;

namespace LakePortal.Iceberg.Commits;

/// <summary>Table properties that steer commits, with the names and defaults of Iceberg's documentation.</summary>
internal static class CommitProperties
{
    public const string NumRetries = "commit.retry.num-retries";
    public const string MinWaitMs = "commit.retry.min-wait-ms";
    public const string MaxWaitMs = "commit.retry.max-wait-ms";
    public const string PreviousVersionsMax = "write.metadata.previous-versions-max";
    public const string DeleteAfterCommit = "write.metadata.delete-after-commit.enabled";
    public const string MetadataCompression = "write.metadata.compression-codec";
    public const string ManifestMinCountToMerge = "commit.manifest.min-count-to-merge";
    public const string ManifestTargetSize = "commit.manifest.target-size-bytes";
    public const string ManifestMergeEnabled = "commit.manifest-merge.enabled";

    public static int Int(IReadOnlyDictionary<string, string> properties, string name, int @default) =>
        !properties.TryGetValue(name, out var text) ? @default
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value
        : throw new InvalidTableDefinitionException($"the table property '{name}' is '{text}', which is no number");

    public static bool Flag(IReadOnlyDictionary<string, string> properties, string name, bool @default) =>
        !properties.TryGetValue(name, out var text) ? @default
        : bool.TryParse(text, out var value) ? value
        : throw new InvalidTableDefinitionException($"the table property '{name}' is '{text}', which is neither true nor false");

    /// <summary>Every property that a commit reads, so that a wrong one is found before anything is committed.</summary>
    public static void Check(IReadOnlyDictionary<string, string> properties)
    {
        foreach (var name in (string[])[NumRetries, MinWaitMs, MaxWaitMs, PreviousVersionsMax, ManifestMinCountToMerge, ManifestTargetSize])
        {
            Int(properties, name, 0);
        }

        Flag(properties, DeleteAfterCommit, false);
        Flag(properties, ManifestMergeEnabled, true);
    }
}
