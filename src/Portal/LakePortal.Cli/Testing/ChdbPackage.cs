using LakePortal.Cli.Processes;

namespace LakePortal.Cli.Testing;

/// <summary>ClickHouse in process, from npm: the other engine that must read our tables.</summary>
internal static class ChdbPackage
{
    private const string Version = "3.4.0";

    /// <summary>The engine itself, in the version that this package asks for.</summary>
    private const string LibraryVersion = "26.7.3-stable.1";

    public static string Folder(string home) => Path.Combine(home, ".lake", "chdb");

    public static async Task EnsureAsync(string home, TextWriter output, CancellationToken cancellationToken)
    {
        var folder = Folder(home);
        if (Directory.Exists(Path.Combine(folder, "node_modules", "chdb")) && Directory.Exists(Path.Combine(folder, "node_modules", "@chdb", "lib-linux-x64-gnu")))
        {
            return;
        }

        output.WriteLine("installing chdb (ClickHouse, 543 MB)");
        Directory.CreateDirectory(folder);
        await Subprocess.CheckAsync(
            "npm", ["install", "--prefix", folder, "--no-audit", "--no-fund", $"chdb@{Version}", $"@chdb/lib-linux-x64-gnu@{LibraryVersion}"], cancellationToken);
    }
}
