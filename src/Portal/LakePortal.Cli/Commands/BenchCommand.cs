using System.CommandLine;

namespace LakePortal.Cli.Commands;

internal static class BenchCommand
{
    /// <summary>The launcher hands 'bench' to the benchmarks themselves; this is its entry in the help.</summary>
    public static Command Build()
    {
        var rest = new Argument<string[]>("scenario") { Description = "offload, cdc, reconcile or sql, with --rows N, --scale N, -o json", Arity = ArgumentArity.OneOrMore };
        var command = new Command("bench", "Measure against the physical limit and print both sides and the ratio") { rest };
        command.SetAction(int (_) => throw new UsageException("'bench' runs through the launcher.", "Call ./lake bench offload, ./lake bench cdc, ./lake bench reconcile, or ./lake bench sql."));
        return command;
    }
}
