using System.CommandLine;
using LakePortal.Benchmarks;
using LakePortal.Benchmarks.Cdc;
using LakePortal.Benchmarks.Merging;
using LakePortal.Benchmarks.Offload;
using LakePortal.Benchmarks.Reconcile;
using LakePortal.Benchmarks.Sql;
using LakePortal.Cli;
using LakePortal.Cli.Output;

var json = new Option<string?>("--output", "-o") { Description = "json: one line", HelpName = "json" };
var rounds = new Option<int>("--rounds") { Description = "Measured rounds; the median counts", DefaultValueFactory = _ => 3, HelpName = "N" };
var folder = new Option<string?>("--folder") { Description = "Where the servers keep their data while it runs (default: the temporary folder)", HelpName = "DIR" };
var rows = new Option<long>("--rows") { Description = "Rows of the table", DefaultValueFactory = _ => 5_000_000, HelpName = "N" };
var scale = new Option<double>("--scale") { Description = "Scale of the tables; 1 is 6 million order lines", DefaultValueFactory = _ => 1, HelpName = "N" };

var offload = new Command("offload", "PostgreSQL table to a committed Iceberg snapshot, against COPY to nowhere") { rows, rounds, folder, json };
offload.SetAction((parsed, token) => RunAsync(
    parsed, say => OffloadScenario.RunAsync(parsed.GetValue(rows), parsed.GetValue(rounds), parsed.GetValue(folder), say, token)));
var reconcile = new Command("reconcile", "Comparing a table with its equal in the lake, against COPY of the table to nowhere") { rows, rounds, folder, json };
reconcile.SetAction((parsed, token) => RunAsync(
    parsed, say => ReconcileScenario.RunAsync(parsed.GetValue(rows), parsed.GetValue(rounds), parsed.GetValue(folder), say, token)));
var sql = new Command("sql", "The 22 TPC-H queries with policies on, against plain DuckDB over the same files") { scale, rounds, folder, json };
sql.SetAction((parsed, token) => RunAsync(
    parsed, say => SqlScenario.RunAsync(parsed.GetValue(scale), parsed.GetValue(rounds), parsed.GetValue(folder), say, token)));
var changes = new Option<long>("--rows") { Description = "Changes of the backlog", DefaultValueFactory = _ => 1_000_000, HelpName = "N" };
var steady = new Option<int>("--seconds") { Description = "How long the steady state is measured", DefaultValueFactory = _ => 20, HelpName = "N" };
var cdc = new Command("cdc", "A backlog of changes to raw and refined, against pg_recvlogical to nowhere; then the age of what SQL sees") { changes, steady, folder, json };
cdc.SetAction((parsed, token) => RunAsync(
    parsed, say => CdcScenario.RunAsync(parsed.GetValue(changes), TimeSpan.FromSeconds(parsed.GetValue(steady)), parsed.GetValue(folder), say, token)));
var bigRows = new Option<long>("--rows") { Description = "Rows of the big table", DefaultValueFactory = _ => 50_000_000, HelpName = "N" };
var key = new Option<string>("--key") { Description = "bigint, or text: keys that are found by hash", DefaultValueFactory = _ => "bigint", HelpName = "TYPE" }.AcceptOnlyFromAmong("bigint", "text");
var merge = new Command("merge", "1,000 changes merged into a big table, against the same into one of a million rows") { bigRows, key, rounds, folder, json };
merge.SetAction((parsed, token) => RunAsync(
    parsed, say => MergeScenario.RunAsync(parsed.GetValue(bigRows), parsed.GetValue(key) == "text", parsed.GetValue(rounds), parsed.GetValue(folder), say, token)));
var root = new RootCommand("Measures against the physical limit of this machine.") { offload, cdc, merge, reconcile, sql };

var parse = root.Parse(args);
if (parse.Errors.Count > 0)
{
    foreach (var error in parse.Errors)
    {
        await Console.Error.WriteLineAsync($"error: {error.Message}");
    }

    return ExitCode.WrongUsage;
}

try
{
    return await parse.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (CliException e)
{
    Report.Error(e, Console.Error);
    return e.ExitCode;
}

async Task<int> RunAsync(ParseResult parsed, Func<Action<string>, Task<BenchResult>> scenario)
{
    var asJson = parsed.GetValue(json) == "json";
    var result = await scenario(line => (asJson ? Console.Error : Console.Out).WriteLine(line));
    Console.WriteLine(asJson ? result.ToJsonLine() : result.ToText());
    return ExitCode.Done;
}
