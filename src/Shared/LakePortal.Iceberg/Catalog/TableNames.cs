using System.Globalization;
using System.Text;

namespace LakePortal.Iceberg.Catalog;

/// <summary>Which names tables and namespaces may have, and the directories they get.</summary>
internal static class TableNames
{
    private const int MaxLength = 200;

    public static void Check(TableIdentifier identifier)
    {
        CheckPart(identifier.Namespace, "namespace");
        if (identifier.Namespace.Contains('.', StringComparison.Ordinal))
        {
            throw new InvalidTableDefinitionException($"the namespace '{identifier.Namespace}' contains a dot; there is one level only");
        }

        CheckPart(identifier.Name, "table name");
    }

    /// <summary>Letters, digits, <c>_ - .</c> stay as they are; everything else becomes its UTF-8 bytes as <c>%XX</c>.</summary>
    public static string Directory(string name)
    {
        var result = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(name))
        {
            var c = (char)b;
            if (char.IsAsciiLetterOrDigit(c) || c is '_' or '-' || (c == '.' && result.Length > 0))
            {
                result.Append(c);
            }
            else
            {
                result.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
            }
        }

        // File names end at 255 bytes; leaves room for the suffix.
        return result.Length <= MaxLength ? result.ToString() : result.ToString(0, MaxLength).TrimEnd('%');
    }

    private static void CheckPart(string text, string what)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new InvalidTableDefinitionException($"the {what} is empty");
        }

        if (text.Length > MaxLength)
        {
            throw new InvalidTableDefinitionException($"the {what} is longer than {MaxLength} characters");
        }

        if (text.Any(c => char.IsControl(c) || c is '/' or '\\' or '"') || !text.IsNormalized())
        {
            throw new InvalidTableDefinitionException($"the {what} '{new string([.. text.Where(c => !char.IsControl(c))])}' contains a slash, quote or control character, or is not in Unicode form C");
        }

        if (text is "." or ".." || text != text.Trim())
        {
            throw new InvalidTableDefinitionException($"the {what} '{text}' starts or ends with a space, or is only dots");
        }
    }
}
