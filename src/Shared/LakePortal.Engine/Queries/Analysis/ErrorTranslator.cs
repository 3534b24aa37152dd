using System.Text.RegularExpressions;

namespace LakePortal.Engine.Queries.Analysis;

/// <summary>
/// Makes errors for people out of DuckDB's messages. Nothing of the rewritten statement gets through: no paths, no names that the engine made
/// up, and, when row filters or masks were in force, no values either, since an error may speak of a row that the caller must not see.
/// </summary>
internal sealed partial class ErrorTranslator(IReadOnlyDictionary<string, string> internalNames, bool restricted, IReadOnlyList<TableOccurrence> tables)
{
    public Exception Translate(string raw)
    {
        if (ErrorTexts.IsTooDeep(raw))
        {
            return new StatementTooDeepException();
        }

        var kindEnd = raw.IndexOf("Error: ", StringComparison.Ordinal);
        var kind = kindEnd > 0 && kindEnd < 40 ? raw[..kindEnd].Trim() : "";
        var message = Clean(kindEnd > 0 && kindEnd < 40 ? raw[(kindEnd + 7)..] : raw);
        return kind switch
        {
            "Out of Memory" => new QueryMemoryException(),
            "Binder" or "Catalog" or "Parameter Not Resolved" or "Not implemented" => Binding(message),
            "Parser" or "Syntax" => new SqlSyntaxException(message, null, null),
            "Conversion" or "Out of Range" or "Invalid Input" or "Invalid type" or "Mismatch Type" or "Cardinality" or "Divide by Zero" => Data(message),
            "IO" or "HTTP" or "Permission" => new TableUnreadableException(
                null, "A data file of one of the tables could not be read.", "The table's page shows whether its files are complete; the log has the details.", new DuckDBFailure(raw)),
            _ => new EngineFailureException("The engine failed while it ran the query.", new DuckDBFailure(raw)),
        };
    }

    private QueryBindingException Binding(string message)
    {
        if (MissingColumn().Match(message) is { Success: true } match)
        {
            var name = match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value;
            var columns = tables.SelectMany(t => t.Columns.Select(c => c.Name)).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
            var hint = Suggestions.DidYouMean(name, columns)
                ?? (columns.Count > 0 ? $"The tables have the columns {string.Join(", ", columns.Take(20))}." : "Name a column of the query's tables.");
            return new QueryBindingException($"There is no column '{name}'.", hint);
        }

        return new QueryBindingException(ErrorTexts.FirstLine(message) + ".", Candidates().Match(message) is { Success: true } c
            ? $"Candidates: {c.Groups[1].Value.Trim()}."
            : "Check the names and types used; DESCRIBE <table> shows them.");
    }

    private QueryDataException Data(string message)
    {
        const string hint = "TRY_CAST gives NULL instead of an error; a WHERE on the bad values finds them.";
        return restricted
            ? new QueryDataException("A value could not be converted or is out of range.", hint)
            : new QueryDataException(ErrorTexts.FirstLine(message) + ".", hint);
    }

    private string Clean(string message)
    {
        foreach (var (name, written) in internalNames)
        {
            message = message.Replace(name, written, StringComparison.Ordinal);
        }

        return Paths().Replace(message, "a data file");
    }

    [GeneratedRegex("Referenced column \"(.*?)\" (?:was )?not found|does not have a column named \"(.*?)\"")]
    private static partial Regex MissingColumn();

    [GeneratedRegex("Candidate (?:bindings|tables|functions|columns)[^:]*: *([^\n]+)")]
    private static partial Regex Candidates();

    [GeneratedRegex("""["']?(?:file:|s3:)?/(?:[^\s"':]+/)+[^\s"':]*["']?""")]
    private static partial Regex Paths();
}
