using System.CommandLine;

namespace LakePortal.Cli.Commands;

internal static class ExportCommand
{
    public static Command Build()
    {
        var what = new Argument<string>("kind/name") { Description = "The object, e.g. pipeline/sales_daily" };
        return new ServerCommand("export", "Print an object as YAML, ready for 'apply'", what).Does(async (parsed, api, cancellationToken) =>
        {
            var (kind, name) = StatusCommand.Split(parsed.GetValue(what)!);
            if (name is null)
            {
                throw new UsageException($"'{kind}' is a kind, not an object.", $"Write {kind}/NAME; './lake status {kind}' lists them.");
            }

            var yaml = await api.GetTextAsync($"/api/v1/{kind}s/{Uri.EscapeDataString(name)}", "application/yaml", cancellationToken);
            parsed.InvocationConfiguration.Output.Write(yaml.EndsWith('\n') ? yaml : yaml + "\n");
            return ExitCode.Done;
        });
    }
}
