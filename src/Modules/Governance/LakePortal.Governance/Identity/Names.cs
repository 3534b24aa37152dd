using System.Text.Json;
using LakePortal.Kernel.Errors;

namespace LakePortal.Governance.Identity;

/// <summary>Names of users, groups, roles, secrets: part of paths, files and log lines, so a narrow set of characters.</summary>
internal static class Names
{
    public const string Rule = "A name starts with a lower-case letter or digit and has up to 63 of a-z 0-9 . _ @ -";

    public static bool IsValid(string? name) =>
        name is { Length: > 0 and <= 63 }
        && (char.IsAsciiLetterLower(name[0]) || char.IsAsciiDigit(name[0]))
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '@' or '-');

    public static IEnumerable<InputFault> Check(string path, string? name)
    {
        if (!IsValid(name))
        {
            yield return new InputFault(path, $"'{name}' is not a valid name.", Rule);
        }
    }

    public static IReadOnlyList<string> Read(string json) => JsonSerializer.Deserialize<string[]>(json) ?? [];

    public static string Write(IEnumerable<string> names) =>
        JsonSerializer.Serialize(names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray());
}
