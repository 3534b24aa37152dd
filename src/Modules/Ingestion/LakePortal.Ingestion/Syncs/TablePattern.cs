using System.IO.Enumeration;
using System.Text;

namespace LakePortal.Ingestion.Syncs;

/// <summary><c>public.orders</c>, <c>public.*</c>, <c>"Odd.Schema"."Table"</c>. * and ? are wildcards outside of quotes.</summary>
internal sealed record TablePattern(string Schema, string Table, bool IsPattern)
{
    /// <returns>Null: not of the form schema.table.</returns>
    public static TablePattern? Parse(string text)
    {
        var parts = new List<(string Text, bool Quoted)>();
        var i = 0;
        while (i < text.Length)
        {
            var part = new StringBuilder();
            var quoted = text[i] == '"';
            if (quoted)
            {
                for (i++; ; i++)
                {
                    if (i >= text.Length)
                    {
                        return null;
                    }

                    if (text[i] == '"')
                    {
                        if (i + 1 < text.Length && text[i + 1] == '"')
                        {
                            i++;
                        }
                        else
                        {
                            i++;
                            break;
                        }
                    }

                    part.Append(text[i]);
                }
            }
            else
            {
                // The second part may hold dots: table names in the lake's documents are not always quoted.
                while (i < text.Length && (text[i] != '.' || parts.Count == 1))
                {
                    part.Append(text[i++]);
                }
            }

            parts.Add((part.ToString(), quoted));
            if (i < text.Length && text[i++] != '.')
            {
                return null;
            }
        }

        return parts is [{ Text.Length: > 0 } schema, { Text.Length: > 0 } table]
            ? new TablePattern(schema.Text, table.Text, (!schema.Quoted && HasWildcard(schema.Text)) || (!table.Quoted && HasWildcard(table.Text)))
            : null;
    }

    public bool Matches(string schema, string table) =>
        FileSystemName.MatchesSimpleExpression(Schema.Replace("\\", "\\\\", StringComparison.Ordinal), schema, ignoreCase: false)
        && FileSystemName.MatchesSimpleExpression(Table.Replace("\\", "\\\\", StringComparison.Ordinal), table, ignoreCase: false);

    /// <summary>The one table as a document names it.</summary>
    public static string Exact(string schema, string table) => $"{Part(schema, dotsToo: true)}.{Part(table, dotsToo: false)}";

    private static string Part(string name, bool dotsToo) =>
        HasWildcard(name) || name.Contains('"', StringComparison.Ordinal) || (dotsToo && name.Contains('.', StringComparison.Ordinal))
            ? $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : name;

    private static bool HasWildcard(string text) => text.AsSpan().ContainsAny('*', '?');
}
