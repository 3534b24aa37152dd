using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Cli.Client;
using LakePortal.Cli.Output;

namespace LakePortal.Cli.Commands;

internal static class SqlCommand
{
    private const int MostRows = 100_000;

    public static Command Build()
    {
        var sql = new Argument<string>("sql") { Description = "One SELECT; '-' reads it from the standard input" };
        var format = new Option<OutputFormat>("--output", "-o") { Description = "Format; csv puts an apostrophe before what a spreadsheet would take for a formula, tsv and json give values as they are", DefaultValueFactory = _ => OutputFormat.Table, HelpName = "table|csv|tsv|json|jsonl" };
        var runAs = new Option<string?>("--as") { Description = "Run with the rights of this user", HelpName = "USER" };
        var engine = new Option<string?>("--engine") { Description = "Engine to run on", HelpName = "NAME" };
        var limit = new Option<int?>("--limit") { Description = "Most rows to return (default: 1000 for a table, 100000 for json; csv, tsv and jsonl have no limit)", HelpName = "N" };
        limit.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1 or > MostRows)
            {
                result.AddError($"--limit is from 1 to {MostRows}.");
            }
        });
        return new ServerCommand("sql", "Run SQL and print the result", sql, format, runAs, engine, limit).Does(async (parsed, api, cancellationToken) =>
        {
            var text = parsed.GetValue(sql)!;
            if (text == "-")
            {
                text = await Console.In.ReadToEndAsync(cancellationToken);
            }

            var body = new JsonObject { ["sql"] = text };
            Set(body, "as", parsed.GetValue(runAs));
            Set(body, "engine", parsed.GetValue(engine));
            var output = parsed.GetValue(format);
            var most = parsed.GetValue(limit);
            if (ExportOf(output) is { } export)
            {
                body["limit"] = most;
                await using var stream = Console.OpenStandardOutput();
                await api.StreamAsync($"/api/v1/sql/export?format={export}", body, stream, cancellationToken);
                return ExitCode.Done;
            }

            body["limit"] = most ?? (output == OutputFormat.Table ? 1000 : MostRows);
            var answer = await api.PostAsync("/api/v1/sql", body, cancellationToken);
            return Print(answer, output, most, parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        });
    }

    /// <summary>Formats that the server writes itself, row by row.</summary>
    private static string? ExportOf(OutputFormat format) => format switch
    {
        OutputFormat.Csv => "csv&newline=lf",
        OutputFormat.Tsv => "tsv",
        OutputFormat.Jsonl => "jsonl",
        _ => null,
    };

    private static int Print(JsonElement answer, OutputFormat format, int? limit, TextWriter output, TextWriter notes)
    {
        var columns = answer.GetProperty("columns").EnumerateArray().Select(c => c.GetProperty("name").GetString()!).ToList();
        var rows = answer.GetProperty("rows").EnumerateArray().ToList();
        var truncated = answer.TryGetProperty("truncated", out var flag) && flag.ValueKind == JsonValueKind.True;
        ResultWriter.Write(format, columns, rows, output);
        if (format == OutputFormat.Table)
        {
            var count = string.Create(CultureInfo.InvariantCulture, $"{rows.Count} row{(rows.Count == 1 ? "" : "s")}");
            notes.WriteLine(truncated ? $"({count}; there are more, see --limit)" : $"({count})");
            return ExitCode.Done;
        }

        if (truncated && limit is null)
        {
            throw new StepFailedException($"The result has more than {MostRows} rows; only these were printed.", "Use -o jsonl, csv or tsv, which have no limit, or --limit to accept fewer.");
        }

        return ExitCode.Done;
    }

    private static void Set(JsonObject body, string name, string? value)
    {
        if (value is not null)
        {
            body[name] = value;
        }
    }
}
