namespace LakePortal.EndToEnd.Tests.Browser;

/// <summary>A test in a real browser; skipped, visibly, where none is installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChromiumFactAttribute : FactAttribute
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    public ChromiumFactAttribute()
    {
        if (Path is null)
        {
            Skip = "Chromium is not installed (apt-get install chromium).";
        }
    }

    public static string? Path { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .SelectMany(d => Names.Select(n => System.IO.Path.Combine(d, n))).FirstOrDefault(File.Exists);
}
