using System.CommandLine;
using LakePortal.Cli.Client;
using LakePortal.Cli.Commands;

namespace LakePortal.Cli.Demo;

internal static class DemoCommand
{
    public static Command Build()
    {
        var once = new Option<bool>("--once") { Description = "Exit after the phases, 0 only when all are ok" };
        var data = new Option<string?>("--data") { Description = "Data directory (LAKE_DATA, default ./data)", HelpName = "DIR" };
        var port = Ports.Option();
        var command = new Command("demo", "Start everything on a sample shop, run every phase, and serve until Ctrl-C") { once, data, port };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var demo = new DemoRun(
                ServerAddress.DataDirectoryOf(parsed.GetValue(data)), parsed.GetValue(port), parsed.InvocationConfiguration.Output);
            try
            {
                await demo.RunPhasesAsync(cancellationToken);
            }
            catch (PhaseFailedException e)
            {
                parsed.InvocationConfiguration.Output.WriteLine(e.Message);
                if (parsed.GetValue(once) || !demo.IsServing)
                {
                    return ExitCode.Failed;
                }

                await demo.ServeAsync(complete: false, cancellationToken);
                return ExitCode.Failed;
            }

            if (!parsed.GetValue(once))
            {
                await demo.ServeAsync(complete: true, cancellationToken);
            }

            return ExitCode.Done;
        });
        return command;
    }
}

/// <summary>A phase of the demo did not come to its end. The message is the line to print.</summary>
internal sealed class PhaseFailedException(string phase, string why, string? hint, Exception inner)
    : CliException($"FAILED {phase}: {why}{(hint is null ? "" : $" — {hint}")}", null, Cli.ExitCode.Failed, inner);
