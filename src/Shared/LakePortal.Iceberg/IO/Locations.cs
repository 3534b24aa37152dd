using LakePortal.Iceberg.Catalog;

namespace LakePortal.Iceberg.IO;

/// <summary>
/// Locations of local files. In metadata they are <c>file:///absolute/path</c>, not percent-encoded (as Iceberg's Java library writes them), so that
/// a path in a manifest, in a delete file and in the engine is the same text after <see cref="ToLocalPath"/>.
/// </summary>
public static class Locations
{
    private const string Scheme = "file:";

    /// <summary><c>/a/b</c> → <c>file:///a/b</c>.</summary>
    public static string FromLocalPath(string path) => "file://" + Path.GetFullPath(path);

    /// <summary>Takes <c>file:///a</c>, <c>file:/a</c>, <c>file://localhost/a</c> and plain absolute paths.</summary>
    /// <exception cref="LakeFileException">Another scheme, or a relative path.</exception>
    public static string ToLocalPath(string location)
    {
        ArgumentNullException.ThrowIfNull(location);
        var path = location;
        if (location.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            path = location[Scheme.Length..];
            if (path.StartsWith("//", StringComparison.Ordinal))
            {
                var slash = path.IndexOf('/', 2);
                var host = slash < 0 ? path[2..] : path[2..slash];
                if (host.Length > 0 && host != "localhost")
                {
                    throw new LakeFileException(location, $"is on another machine ('{host}')");
                }

                path = slash < 0 ? "/" : path[slash..];
            }
        }
        else if (location.Contains("://", StringComparison.Ordinal))
        {
            throw new LakeFileException(location, "is not a local file; map its prefix to a local directory when adopting the table");
        }

        return Path.IsPathFullyQualified(path)
            ? Path.GetFullPath(path)
            : throw new LakeFileException(location, "is a relative path; map its prefix to an absolute directory when adopting the table");
    }

    public static string Join(string location, string child)
    {
        ArgumentNullException.ThrowIfNull(location);
        return location.EndsWith('/') ? location + child : $"{location}/{child}";
    }

    /// <summary>
    /// The first mapping whose prefix matches rewrites the location; none leaves it as it is. <c>s3a://</c> and <c>s3n://</c> are Hadoop's names
    /// of <c>s3://</c>: one table's metadata may mix them.
    /// </summary>
    public static string Map(string location, IReadOnlyList<LocationMapping>? mappings)
    {
        ArgumentNullException.ThrowIfNull(location);
        foreach (var mapping in mappings ?? [])
        {
            var (from, whole) = (OneScheme(mapping.From), OneScheme(location));
            if (whole.StartsWith(from, StringComparison.Ordinal))
            {
                // "s3://bucket" → "/dir" must not turn "s3://bucket2/x" into "/dir2/x".
                var rest = whole[from.Length..];
                if (from.EndsWith('/') || from.Length == 0 || rest.Length == 0 || rest[0] == '/')
                {
                    return mapping.To.EndsWith('/') || rest.StartsWith('/') || rest.Length == 0 ? mapping.To + rest : $"{mapping.To}/{rest}";
                }
            }
        }

        return location;
    }

    private static string OneScheme(string location) =>
        location.StartsWith("s3a://", StringComparison.OrdinalIgnoreCase) || location.StartsWith("s3n://", StringComparison.OrdinalIgnoreCase)
            ? $"s3://{location["s3a://".Length..]}"
            : location;

    /// <summary>Last part of a location.</summary>
    public static string FileName(string location)
    {
        ArgumentNullException.ThrowIfNull(location);
        return location[(location.LastIndexOf('/') + 1)..];
    }
}
