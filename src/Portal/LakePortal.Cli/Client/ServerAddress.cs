namespace LakePortal.Cli.Client;

/// <summary>Where the server is and what to sign in with. Options win over the environment, the environment over the defaults.</summary>
internal sealed record ServerAddress(Uri Url, string? Token, string DataDirectory)
{
    public const string DefaultUrl = "http://127.0.0.1:8080";

    public string TokenFile => Path.Combine(DataDirectory, "admin.token");

    public static ServerAddress Find(string? url, string? dataDirectory)
    {
        var text = url ?? Variable("LAKE_URL") ?? DefaultUrl;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            throw new UsageException($"'{text}' is not the address of a server.", $"It looks like {DefaultUrl}.");
        }

        return new ServerAddress(uri, Variable("LAKE_TOKEN"), DataDirectoryOf(dataDirectory));
    }

    /// <summary>The given directory, <c>LAKE_DATA</c>, or <c>data</c> beside the launcher.</summary>
    public static string DataDirectoryOf(string? option) =>
        Path.GetFullPath(option ?? Variable("LAKE_DATA") ?? Path.Combine(Home(), "data"));

    /// <summary>The repository's root, as the launcher tells it.</summary>
    public static string Home()
    {
        if (Variable("LAKE_HOME") is { } home)
        {
            return home;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "LakePortal.sln")))
            {
                return folder.FullName;
            }
        }

        throw new UsageException("The installation was not found.", "Call the command line through ./lake, or set LAKE_HOME to its folder.");
    }

    public string ReadToken()
    {
        if (Token is not null)
        {
            return Token;
        }

        try
        {
            return File.ReadAllText(TokenFile).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NoTokenException(TokenFile);
        }
    }

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
