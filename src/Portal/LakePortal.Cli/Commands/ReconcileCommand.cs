using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Cli.Client;
using LakePortal.Cli.Output;

namespace LakePortal.Cli.Commands;

internal static class ReconcileCommand
{
    public static Command Build()
    {
        var name = new Argument<string>("sync") { Description = "The sync whose source and lake are compared" };
        var repair = new Option<bool>("--repair") { Description = "Write the source's rows over what differs, and compare those again" };
        var method = new Option<string?>("--method") { Description = "snapshot: the whole table at one moment (default); rolling: range by range, for tables that follow their changes", HelpName = "snapshot|rolling" };
        var sample = new Option<long?>("--sample") { Description = "About so many rows, in key ranges chosen at random (default: all)", HelpName = "N" };
        var output = new Option<string?>("--output", "-o") { Description = "json: one line", HelpName = "json" };
        method.AcceptOnlyFromAmong("snapshot", "rolling");
        output.AcceptOnlyFromAmong("json");
        return new ServerCommand("reconcile", "Prove that the lake equals the source; exit code 3 when it does not", name, repair, method, sample, output).Does((parsed, api, cancellationToken) =>
            FollowAsync(
                parsed, api, "/api/v1/reconciliations", Body(parsed.GetValue(name)!, parsed.GetValue(method), parsed.GetValue(repair), parsed.GetValue(sample)),
                parsed.GetValue(output) == "json", cancellationToken));
    }

    /// <summary>Starts what is a reconciliation, waits for its end and prints what it found.</summary>
    public static async Task<int> FollowAsync(ParseResult parsed, ApiClient api, string path, JsonObject body, bool isLine, CancellationToken cancellationToken)
    {
        var id = (await api.PostAsync(path, body, cancellationToken)).GetProperty("id").GetString()!;
        var run = await RunWatcher.WaitAsync(api, id, cancellationToken);
        if (RunWatcher.State(run) != "succeeded")
        {
            return RunWatcher.Conclude(run, parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        }

        var result = await api.GetAsync($"/api/v1/reconciliations/{id}", cancellationToken);
        parsed.InvocationConfiguration.Output.WriteLine(isLine ? JsonSerializer.Serialize(result) : JsonText.Pretty(result));
        return result.GetProperty("verdict").GetString() == "different" ? ExitCode.No : ExitCode.Done;
    }

    public static async Task<string> StartAsync(ApiClient api, string sync, string? method, bool repair, long? sample, CancellationToken cancellationToken) =>
        (await api.PostAsync("/api/v1/reconciliations", Body(sync, method, repair, sample), cancellationToken)).GetProperty("id").GetString()!;

    private static JsonObject Body(string sync, string? method, bool repair, long? sample)
    {
        var body = new JsonObject { ["sync"] = sync, ["repair"] = repair };
        if (method is not null)
        {
            body["method"] = method;
        }

        if (sample is { } rows)
        {
            body["sample"] = rows;
        }

        return body;
    }
}
