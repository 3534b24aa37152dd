using System.CommandLine;
using System.Text.Json.Nodes;
using LakePortal.Cli.Client;

namespace LakePortal.Cli.Commands;

internal static class RunCommand
{
    public static Command Build()
    {
        var pipeline = new Argument<string>("pipeline") { Description = "The pipeline" };
        var parameters = new Option<string[]>("--param") { Description = "A parameter (repeatable)", HelpName = "key=value", Arity = ArgumentArity.ZeroOrMore };
        var from = new Option<string?>("--from") { Description = "Start at this task; the ones before are taken from an earlier run", HelpName = "TASK" };
        var of = new Option<string?>("--of") { Description = "The earlier run (default: the latest)", HelpName = "RUN" };
        var wait = new Option<bool>("--wait") { Description = "Wait for the end; without it the exit code is 1 only when the run has failed at once" };
        of.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is not null && result.GetResult(from) is null)
            {
                result.AddError("--of needs --from.");
            }
        });
        return new ServerCommand("run", "Run a pipeline", pipeline, parameters, from, of, wait).Does(async (parsed, api, cancellationToken) =>
        {
            var runId = await StartAsync(
                api, parsed.GetValue(pipeline)!, parsed.GetValue(parameters) ?? [], parsed.GetValue(from), parsed.GetValue(of), cancellationToken);
            return await SyncCommand.FollowAsync(parsed, api, runId, parsed.GetValue(wait), cancellationToken);
        });
    }

    public static async Task<string> StartAsync(
        ApiClient api, string pipeline, IReadOnlyList<string> parameters, string? from, string? of, CancellationToken cancellationToken)
    {
        var body = new JsonObject();
        if (parameters.Count > 0)
        {
            var values = new JsonObject();
            foreach (var parameter in parameters)
            {
                var at = parameter.IndexOf('=', StringComparison.Ordinal);
                if (at < 1)
                {
                    throw new UsageException($"'{parameter}' is not a parameter.", "It looks like --param day=2026-01-31.");
                }

                values[parameter[..at]] = parameter[(at + 1)..];
            }

            body["params"] = values;
        }

        if (from is not null)
        {
            body["from"] = from;
        }

        if (of is not null)
        {
            body["of"] = of;
        }

        var answer = await api.PostAsync($"/api/v1/pipelines/{Uri.EscapeDataString(pipeline)}/run", body, cancellationToken);
        return answer.GetProperty("run_id").GetString()!;
    }
}
