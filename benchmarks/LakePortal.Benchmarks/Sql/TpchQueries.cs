using LakePortal.Cli;

namespace LakePortal.Benchmarks.Sql;

internal static class TpchQueries
{
    public static IReadOnlyList<(string Name, string Sql)> All()
    {
        var queries = new List<(string, string)>();
        foreach (var part in Resource("tpch.queries.sql").Split("-- ", StringSplitOptions.RemoveEmptyEntries))
        {
            var end = part.IndexOf('\n', StringComparison.Ordinal);
            queries.Add((part[..end].Trim(), part[(end + 1)..].Trim()));
        }

        return queries.Count == 22 ? queries : throw new StepFailedException($"There are {queries.Count} queries instead of 22.", "Build it again.");
    }

    public static string Resource(string name)
    {
        using var stream = typeof(TpchQueries).Assembly.GetManifestResourceStream(name)
            ?? throw new StepFailedException($"The resource {name} is missing from the program.", "Build it again.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
