using System.Xml.Linq;

namespace LakePortal.Architecture.Tests;

public sealed class ReferenceTests
{
    private static readonly string[] Shared = ["LakePortal.Kernel", "LakePortal.Iceberg", "LakePortal.Engine", "LakePortal.Events"];

    public static TheoryData<string> Projects() => new(Repository.Files("src", ".csproj").Select(Repository.Relative));

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_its_place_allows(string project)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        var references = XDocument.Load(Path.Combine(Repository.Root, project)).Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')))
            .ToList();
        Func<string, bool> allowed = name switch
        {
            "LakePortal.Kernel" => _ => false,
            "LakePortal.Cli" => _ => false,
            "LakePortal.Portal" => _ => true,
            _ when Shared.Contains(name) => Shared.Contains,
            _ when name.EndsWith(".Contracts", StringComparison.Ordinal) => r => r == "LakePortal.Kernel",
            _ => r => Shared.Contains(r) || r.EndsWith(".Contracts", StringComparison.Ordinal),
        };
        Assert.DoesNotContain(references, r => !allowed(r));
    }

    [Fact]
    public void Contracts_hold_messages_and_no_behaviour_of_frameworks()
    {
        var offenders = Repository.Files("src/Modules", ".cs").Where(f => f.Contains(".Contracts/", StringComparison.Ordinal))
            .Where(f => File.ReadAllText(f) is var text && (text.Contains("EntityFrameworkCore", StringComparison.Ordinal) || text.Contains("IRequestHandler", StringComparison.Ordinal)))
            .Select(Repository.Relative);
        Assert.Empty(offenders);
    }
}
