using System.Reflection;
using LakePortal.Governance;
using LakePortal.Ingestion;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Modules;
using LakePortal.Processing;
using LakePortal.Serving;

namespace LakePortal.Architecture.Tests;

public sealed class TypeTests
{
    private static readonly Assembly[] Modules =
        [typeof(GovernanceModule).Assembly, typeof(ServingModule).Assembly, typeof(IngestionModule).Assembly, typeof(ProcessingModule).Assembly];

    private static IEnumerable<Type> Own(Assembly assembly) =>
        assembly.GetTypes().Where(t => t.Namespace?.StartsWith("LakePortal.", StringComparison.Ordinal) == true && !t.Name.StartsWith('<'));

    [Fact]
    public void A_module_shows_nothing_but_its_module_class_and_its_errors()
    {
        var shown = Modules.SelectMany(m => m.GetExportedTypes()).Where(t => !typeof(IModule).IsAssignableFrom(t) && !typeof(Exception).IsAssignableFrom(t)).Select(t => t.FullName);
        Assert.Empty(shown);
    }

    [Fact]
    public void Classes_of_a_module_are_sealed_unless_something_derives_from_them()
    {
        var types = Modules.SelectMany(Own).Where(t => t.IsClass).ToList();
        var bases = types.Select(t => t.BaseType).OfType<Type>().Select(t => t.IsGenericType ? t.GetGenericTypeDefinition() : t).ToHashSet();
        var open = types.Where(t => !t.IsSealed && !t.IsAbstract && !bases.Contains(t)).Select(t => t.FullName);
        Assert.Empty(open);
    }

    [Fact]
    public void Every_request_declares_a_permission_and_has_exactly_one_handler()
    {
        var contracts = Modules.Select(m => Assembly.Load($"{m.GetName().Name}.Contracts"));
        var catalog = new RequestCatalog([typeof(RequestCatalog).Assembly, .. Modules, .. contracts]);
        Assert.NotEmpty(catalog.Requests);
        Assert.Empty(catalog.FindFaults());
    }
}
