using System.Diagnostics;
using LakePortal.Cli.Client;
using LakePortal.Cli.Testing;

namespace LakePortal.EndToEnd.Tests.Interop;

/// <summary>ClickHouse in a process of its own, through chdb.</summary>
internal static class ClickHouse
{
    private const string Script =
        """
        import { query } from 'chdb';
        let text = '';
        for await (const part of process.stdin) text += part;
        process.stdout.write(query(text, process.argv[2]).toString());
        """;

    /// <param name="directory">Working directory: ClickHouse reads files below it only.</param>
    public static async Task<string> AskAsync(string directory, string sql, string format = "TSV")
    {
        var script = Path.Combine(ChdbPackage.Folder(ServerAddress.Home()), "ask.mjs");
        await File.WriteAllTextAsync(script, Script);
        var start = new ProcessStartInfo("node") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory };
        start.ArgumentList.Add(script);
        start.ArgumentList.Add(format);
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(sql);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, error);
        return await output;
    }
}
