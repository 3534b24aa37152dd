namespace LakePortal.Engine.Writing;

/// <summary>Quoting for the statements that the writer composes.</summary>
internal static class WriterSql
{
    public static string Name(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public static string Text(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";

    public static string Names(IEnumerable<string> identifiers) => string.Join(", ", identifiers.Select(Name));

    public static string Texts(IEnumerable<string> values) => $"[{string.Join(", ", values.Select(Text))}]";
}
