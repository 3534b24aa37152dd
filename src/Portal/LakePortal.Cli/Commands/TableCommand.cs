using System.CommandLine;
using System.Text.Json.Nodes;
using LakePortal.Cli.Client;
using LakePortal.Cli.Output;

namespace LakePortal.Cli.Commands;

internal static class TableCommand
{
    public static Command Build()
    {
        var name = new Argument<string>("name") { Description = "Name in the lake: namespace.table" };
        var file = new Argument<string>("metadata-file") { Description = "The table's current *.metadata.json" };
        var map = new Option<string[]>("--map") { Description = "Rewrites a path prefix of its metadata (repeatable)", HelpName = "from=to", Arity = ArgumentArity.ZeroOrMore };
        var register = new ServerCommand("register", "Adopt an existing Iceberg table, read-only", name, file, map).Does(async (parsed, api, cancellationToken) =>
        {
            var location = parsed.GetValue(file)!;
            if (!location.Contains("://", StringComparison.Ordinal))
            {
                location = Path.GetFullPath(location);
                if (!File.Exists(location) && !await ExistsAsync(api, parsed.GetValue(name)!, cancellationToken))
                {
                    throw new UsageException($"There is no file {location}.", "Give the newest *.metadata.json in the table's metadata folder.");
                }
            }

            var body = new JsonObject
            {
                ["table"] = parsed.GetValue(name),
                ["metadata_file"] = location,
                ["map"] = new JsonArray([.. (parsed.GetValue(map) ?? []).Select(m => (JsonNode)m)]),
            };
            var table = await api.PostAsync("/api/v1/tables/register", body, cancellationToken);
            parsed.InvocationConfiguration.Output.WriteLine(JsonText.Pretty(table));
            return ExitCode.Done;
        });
        return new Command("table", "Work on tables")
        {
            register,
            Maintenance("compact", "compact", "Write small files, and files with many deleted rows, anew as few large ones"),
            Maintenance("expire", "expire", "Take old snapshots out of a table's history"),
            Maintenance("orphans", "orphans", "Delete files that no snapshot refers to"),
            Maintenance("rewrite-manifests", "rewrite-manifests", "Merge a table's manifests"),
        };
    }

    private static Command Maintenance(string command, string action, string description)
    {
        var name = new Argument<string>("name") { Description = "The table: namespace.table" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be done" };
        return new ServerCommand(command, description, name, dryRun).Does(async (parsed, api, cancellationToken) =>
        {
            var table = parsed.GetValue(name)!.Split('.', 2);
            if (table.Length < 2)
            {
                throw new UsageException($"'{table[0]}' is not a table name.", "Write namespace.table, e.g. refined.shop_orders.");
            }

            var body = new JsonObject { ["action"] = action, ["dry_run"] = parsed.GetValue(dryRun) };
            var result = await api.PostAsync($"/api/v1/tables/{Uri.EscapeDataString(table[0])}/{Uri.EscapeDataString(table[1])}/maintenance", body, cancellationToken);
            parsed.InvocationConfiguration.Output.WriteLine(JsonText.Pretty(result));
            return result.TryGetProperty("failure", out var failure) && failure.ValueKind == System.Text.Json.JsonValueKind.String ? ExitCode.Failed : ExitCode.Done;
        });
    }

    /// <summary>Whether the name is taken, which the server says better than a missing file does.</summary>
    private static async Task<bool> ExistsAsync(ApiClient api, string table, CancellationToken cancellationToken)
    {
        try
        {
            await api.GetAsync($"/api/v1/tables/{Uri.EscapeDataString(table)}", cancellationToken);
            return true;
        }
        catch (ServerException e) when (e.Status == 404)
        {
            return false;
        }
    }
}
