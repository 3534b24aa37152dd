namespace LakePortal.Engine.Queries.Analysis;

/// <summary>What of DuckDB's messages may be shown.</summary>
internal static class ErrorTexts
{
    /// <summary>DuckDB's limit of nesting was reached; its own advice is a setting, which queries cannot change.</summary>
    public static bool IsTooDeep(string message) => message.Contains("expression depth", StringComparison.OrdinalIgnoreCase)
        || message.Contains("max_expression_depth", StringComparison.OrdinalIgnoreCase);

    /// <summary>The message without its place in the rewritten text, which the user never wrote.</summary>
    public static string FirstLine(string message)
    {
        var end = message.IndexOf("\n\nLINE ", StringComparison.Ordinal);
        var text = (end < 0 ? message : message[..end]).Trim();
        var newline = text.IndexOf('\n', StringComparison.Ordinal);
        return (newline < 0 ? text : text[..newline]).TrimEnd('.', ' ');
    }
}
