using LakePortal.Cli.Client;

namespace LakePortal.EndToEnd.Tests.Support;

/// <summary>Sample databases of others, in a folder named <c>shared/data</c> beside the repository or above it, or where <c>LAKE_SHARED</c> says.</summary>
internal static class SharedData
{
    public static string? Find(string file)
    {
        if (Environment.GetEnvironmentVariable("LAKE_SHARED") is { Length: > 0 } given)
        {
            return Existing(Path.Combine(given, "data", file));
        }

        for (var folder = new DirectoryInfo(ServerAddress.Home()).Parent; folder is not null; folder = folder.Parent)
        {
            if (Existing(Path.Combine(folder.FullName, "shared", "data", file)) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static string? Existing(string path) => File.Exists(path) ? path : null;
}

/// <summary>A test that needs a sample database; skipped, visibly, where it is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SharedDataFactAttribute : FactAttribute
{
    public SharedDataFactAttribute(params string[] files)
    {
        if (files.FirstOrDefault(f => SharedData.Find(f) is null) is { } missing)
        {
            Skip = $"The sample database {missing} is not in a folder shared/data beside the repository (LAKE_SHARED names another place).";
        }
    }
}
