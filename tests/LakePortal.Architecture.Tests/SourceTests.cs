using System.Text.RegularExpressions;

namespace LakePortal.Architecture.Tests;

public sealed partial class SourceTests
{
    private const int LongestFile = 500;

    private static readonly string[] PageFolders = ["Pages", "Parts", "Layout"];

    /// <summary>What a page would need in order to walk around the door.</summary>
    private static readonly string[] Bypasses =
    [
        "IMediator", "IDbContextFactory", "IServiceScopeFactory", "IRunStore", "ILakeEngine", "ILakeWriter", "ITableCatalog", "ISecretResolver",
        "IAuditTrail", "ICallerAccessor", "IJobSchedule", "DbContext",
    ];

    private static IEnumerable<string> PageFiles() =>
        PageFolders.Select(f => $"src/Portal/LakePortal.Portal/{f}").Where(f => Directory.Exists(Path.Combine(Repository.Root, f)))
            .SelectMany(f => Repository.Files(f, ".razor", ".cs"));

    [Fact]
    public void No_source_file_is_longer_than_five_hundred_lines()
    {
        var tooLong = Repository.Files("src", ".cs", ".razor", ".js", ".css").Concat(Repository.Files("tests", ".cs", ".razor"))
            .Select(f => (File: Repository.Relative(f), Lines: File.ReadLines(f).Count())).Where(f => f.Lines > LongestFile);
        Assert.Empty(tooLong);
    }

    [Fact]
    public void Pages_reach_modules_only_by_sending_requests()
    {
        var offenders = from file in PageFiles()
                        let text = File.ReadAllText(file)
                        from bypass in Bypasses
                        where Regex.IsMatch(text, $@"\b{bypass}\b")
                        select $"{Repository.Relative(file)} uses {bypass}";
        Assert.Empty(offenders);
    }

    [Fact]
    public void Pages_know_only_the_contracts_of_modules()
    {
        var offenders = PageFiles()
            .SelectMany(f => ModuleNamespace().Matches(File.ReadAllText(f)).Select(m => $"{Repository.Relative(f)}: {m.Value}"));
        Assert.Empty(offenders);
    }

    [Fact]
    public void Times_are_shown_by_the_time_component_alone()
    {
        var offenders = PageFiles().Where(f => f.EndsWith(".razor", StringComparison.Ordinal) && Path.GetFileName(f) != "Time.razor")
            .SelectMany(f => FormattedTime().Matches(File.ReadAllText(f)).Select(m => $"{Repository.Relative(f)}: {m.Value}"));
        Assert.Empty(offenders);
    }

    [Fact]
    public void Endpoints_are_mapped_in_the_api_folder_alone()
    {
        var offenders = Repository.Files("src", ".cs").Where(f => !Repository.Relative(f).StartsWith("src/Portal/LakePortal.Portal/Api/", StringComparison.Ordinal))
            .Where(f => MapsEndpoint().IsMatch(File.ReadAllText(f))).Select(Repository.Relative);
        Assert.Empty(offenders);
    }

    [Fact]
    public void Nothing_is_left_to_do_later()
    {
        var offenders = Repository.Files("src", ".cs", ".razor", ".js").Where(f => Later().IsMatch(File.ReadAllText(f))).Select(Repository.Relative);
        Assert.Empty(offenders);
    }

    [Fact]
    public void No_failure_is_swallowed_without_a_word()
    {
        var offenders = Repository.Files("src", ".cs", ".razor").Where(f => EmptyCatch().IsMatch(File.ReadAllText(f))).Select(Repository.Relative);
        Assert.Empty(offenders);
    }

    [GeneratedRegex(@"LakePortal\.(Ingestion|Processing|Serving|Governance)\.(?!Contracts\b)\w+")]
    private static partial Regex ModuleNamespace();

    [GeneratedRegex(@"ToLocalTime\(|ToShortDateString\(|ToLongDateString\(|ToShortTimeString\(|\.ToString\(""[^""]*(yyyy|HH:mm)[^""]*""")]
    private static partial Regex FormattedTime();

    [GeneratedRegex(@"\.Map(Get|Post|Put|Delete|Patch|Methods)\(")]
    private static partial Regex MapsEndpoint();

    // In two parts, so that this file does not find itself.
    [GeneratedRegex(@"\b(TO" + @"DO|HA" + @"CK|FIX" + @"ME)\b")]
    private static partial Regex Later();

    [GeneratedRegex(@"catch(\s*\([^)]*\))?(\s*when\s*\(.*\))?\s*\{\s*\}")]
    private static partial Regex EmptyCatch();
}
