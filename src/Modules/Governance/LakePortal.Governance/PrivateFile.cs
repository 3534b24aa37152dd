namespace LakePortal.Governance;

/// <summary>Files that only the owner may read (0600), written whole or not at all.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static async Task WriteAsync(string path, string content, CancellationToken cancellationToken)
    {
        var temporary = Temporary(path);
        await using (var writer = Create(temporary))
        {
            await writer.WriteAsync(content.AsMemory(), cancellationToken);
        }

        File.Move(temporary, path, overwrite: true);
    }

    public static void Write(string path, string content)
    {
        var temporary = Temporary(path);
        using (var writer = Create(temporary))
        {
            writer.Write(content);
        }

        File.Move(temporary, path, overwrite: true);
    }

    private static string Temporary(string path) => $"{path}.{Environment.ProcessId}.tmp";

    private static StreamWriter Create(string path)
    {
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return new StreamWriter(path, options);
    }
}
