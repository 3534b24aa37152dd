namespace LakePortal.Iceberg.Tests.Support;

/// <summary>Tables that other engines wrote, in a folder <c>shared/fixtures/iceberg</c> beside the repository, or where LAKEPORTAL_FIXTURES says.</summary>
internal static class Fixtures
{
    public static string? Root { get; } = FindRoot();

    private static string? FindRoot()
    {
        if (Environment.GetEnvironmentVariable("LAKEPORTAL_FIXTURES") is { Length: > 0 } given)
        {
            return Directory.Exists(Path.Combine(given, "iceberg")) ? Path.Combine(given, "iceberg") : null;
        }

        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            var candidate = Path.Combine(directory.FullName, "shared", "fixtures", "iceberg");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}

/// <summary>Runs when the fixtures are there, and says so when it is skipped.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FixtureTheoryAttribute : TheoryAttribute
{
    public FixtureTheoryAttribute()
    {
        if (Fixtures.Root is null)
        {
            Skip = "No tables of other engines: put them in a folder shared/fixtures/iceberg beside the repository, or set LAKEPORTAL_FIXTURES.";
        }
    }
}
