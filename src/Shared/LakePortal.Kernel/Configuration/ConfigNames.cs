using System.Text.RegularExpressions;
using LakePortal.Kernel.Errors;

namespace LakePortal.Kernel.Configuration;

/// <summary>The one form of names of configured objects. They travel through URLs, file names and SQL.</summary>
public static partial class ConfigNames
{
    public const string Rule = "Use letters, digits, '_' and '-', starting with a letter, at most 100 characters.";

    /// <summary>Letters and digits of ASCII; the first is a letter or '_'.</summary>
    public static bool IsValid(string? name) => name is not null && Form().IsMatch(name);

    /// <param name="document">The document that names something.</param>
    /// <param name="path">Where.</param>
    /// <param name="name">The name.</param>
    /// <param name="what">Of what: <c>a pipeline</c>, <c>a tile</c>.</param>
    public static IEnumerable<InputFault> Check(ConfigDocument document, string path, string name, string what) => IsValid(name)
        ? []
        : [ConfigBinder.Fault(document, path, $"'{name}' cannot be the name of {what}.", Rule)];

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_-]{0,99}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
