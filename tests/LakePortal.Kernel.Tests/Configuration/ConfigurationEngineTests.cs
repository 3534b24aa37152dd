using System.Text.Json.Nodes;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Messaging;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Kernel.Tests.Configuration;

public sealed class ConfigurationEngineTests : IAsyncLifetime
{
    private TestLake _lake = null!;

    private sealed record Thing(string Name, string? Needs = null, int Size = 1);

    private sealed class Journal : List<string>;

    /// <summary>A kind that keeps its objects in memory; <c>needs</c> names an object of the kind before it.</summary>
    private sealed class MemoryKind(string kind, int order, string? before, Journal journal, IPlannedDocuments planned) : IConfigurationKind
    {
        private readonly SortedDictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);

        public string Kind => kind;

        public int Order => order;

        public string WritePermission => Permissions.SourcesWrite;

        public string ReadPermission => Permissions.SourcesRead;

        public Task<IReadOnlyList<PlannedChange>> PlanAsync(ConfigDocument document, CancellationToken cancellationToken)
        {
            var thing = ConfigBinder.Bind<Thing>(document);
            if (thing.Needs is { } needs && planned.Find(before!, needs) is null)
            {
                throw ConfigBinder.Invalid(document, [ConfigBinder.Fault(document, "needs", $"There is no {before} '{needs}'.")]);
            }

            return Task.FromResult<IReadOnlyList<PlannedChange>>([ConfigDiff.Plan(kind, thing.Name, _objects.GetValueOrDefault(thing.Name), ConfigBinder.ToJson(thing))]);
        }

        public Task ApplyAsync(ConfigDocument document, CancellationToken cancellationToken)
        {
            var thing = ConfigBinder.Bind<Thing>(document);
            _objects[thing.Name] = ConfigBinder.ToJson(thing);
            journal.Add($"apply {kind}/{thing.Name}");
            return Task.CompletedTask;
        }

        public Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([.. _objects.Keys]);

        public Task<JsonObject?> ExportAsync(string name, CancellationToken cancellationToken) => Task.FromResult(_objects.GetValueOrDefault(name));

        public Task DeleteAsync(string name, CancellationToken cancellationToken)
        {
            _objects.Remove(name);
            journal.Add($"delete {kind}/{name}");
            return Task.CompletedTask;
        }
    }

    private Journal Done => _lake.Services.GetRequiredService<Journal>();

    public async Task InitializeAsync() => _lake = await TestLake.StartAsync([], configure: services =>
    {
        services.AddSingleton<Journal>();
        services.AddSingleton<IConfigurationKind>(p => new MemoryKind("base", 10, null, p.GetRequiredService<Journal>(), p.GetRequiredService<IPlannedDocuments>()));
        services.AddSingleton<IConfigurationKind>(p => new MemoryKind("top", 20, "base", p.GetRequiredService<Journal>(), p.GetRequiredService<IPlannedDocuments>()));
    });

    public async Task DisposeAsync() => await _lake.DisposeAsync();

    private Task<IReadOnlyList<PlannedChange>> ApplyAsync(string yaml, bool dryRun = false, bool prune = false) =>
        _lake.SendAsync(new ApplyConfiguration([new ConfigText("a.yaml", yaml)], dryRun, prune));

    [Fact]
    public async Task Documents_are_applied_by_kind_whatever_their_order_and_once()
    {
        const string yaml = "kind: top\nname: t\nneeds: b\n---\nkind: base\nname: b\n";
        Assert.All(await ApplyAsync(yaml, dryRun: true), c => Assert.Equal(ChangeAction.Create, c.Action));
        Assert.Empty(Done);
        await ApplyAsync(yaml);
        Assert.Equal(["apply base/b", "apply top/t"], Done);
        Assert.All(await ApplyAsync(yaml), c => Assert.Equal(ChangeAction.Unchanged, c.Action));
        Assert.Equal(2, Done.Count);
        var update = await ApplyAsync(yaml.Replace("name: b", "name: b\nsize: 7", StringComparison.Ordinal));
        Assert.Equal(["size: – → 7"], update.Single(c => c.Action == ChangeAction.Update).Details);
    }

    [Fact]
    public async Task Nothing_is_applied_when_one_document_is_wrong_and_every_fault_is_told()
    {
        var error = await Assert.ThrowsAsync<InvalidInputException>(() => ApplyAsync(
            "kind: base\nname: b\n---\nkind: tpo\nname: x\n---\nkind: top\nname: t\nneeds: absent\n---\nkind: base\nname: b\n---\nkind: base\nname: c\nsiez: 2\n"));
        Assert.Empty(Done);
        Assert.Equal(
            [
                "a.yaml:4:1 There is no kind 'tpo'. Did you mean 'top'?",
                "a.yaml:12:1 base/b is there twice. The first is at a.yaml:2:1. Keep one of them.",
                "a.yaml:16:1 Unknown key 'siez'. Did you mean 'size'?",
                "a.yaml:9:1 There is no base 'absent'. ",
            ],
            error.Faults.Select(f => $"{f.Path} {f.Message} {f.Hint}").OrderBy(f => f.Contains(":4:", StringComparison.Ordinal) ? 0 : 1).ThenBy(f => f, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Prune_deletes_what_is_absent_of_the_given_kinds_only_in_reverse_order()
    {
        await ApplyAsync("kind: base\nname: b\n---\nkind: base\nname: c\n---\nkind: top\nname: t\n");
        Done.Clear();
        var changes = await ApplyAsync("kind: base\nname: b\n", prune: true);
        Assert.Equal(["base/b Unchanged", "base/c Delete"], changes.Select(c => $"{c.Kind}/{c.Name} {c.Action}"));
        Assert.Equal(["delete base/c"], Done);
        Assert.Equal(["t"], await _lake.SendAsync(new ListObjects("top")));
    }

    [Fact]
    public async Task Objects_are_counted_for_every_kind_that_there_is_and_that_the_caller_may_read()
    {
        await ApplyAsync("kind: base\nname: b\n---\nkind: base\nname: c\n");
        Assert.Equal([new KindCount("base", 2), new KindCount("top", 0)], await _lake.SendAsync(new CountObjects()));
        Assert.Empty(await _lake.SendAsync(new CountObjects(), TestLake.CallerWith(Permissions.ProfileOwn)));
    }

    [Fact]
    public async Task Each_kind_asks_for_its_own_permission()
    {
        var caller = TestLake.CallerWith(Permissions.ConfigurationApply, Permissions.ProfileOwn);
        var request = new ApplyConfiguration([new ConfigText("a.yaml", "kind: base\nname: b\n")], false, false);
        Assert.Equal(Permissions.SourcesWrite, (await Assert.ThrowsAsync<PermissionDeniedException>(() => _lake.SendAsync(request, caller))).Permission);
        Assert.Equal(Permissions.SourcesRead, (await Assert.ThrowsAsync<PermissionDeniedException>(() => _lake.SendAsync(new ExportObject("base", "b"), caller))).Permission);
        Assert.Empty(Done);
    }

    [Fact]
    public async Task One_object_is_put_exported_and_deleted()
    {
        await _lake.SendAsync(new PutObject("base", new JsonObject { ["kind"] = "base", ["name"] = "b", ["size"] = 3 }));
        Assert.Equal("kind: base\nname: b\nsize: 3\n", (await _lake.SendAsync(new ExportObject("base", "b"))).Yaml);
        var absent = await Assert.ThrowsAsync<ObjectNotFoundException>(() => _lake.SendAsync(new ExportObject("base", "bb")));
        Assert.Equal("Did you mean 'b'?", absent.Hint);
        await _lake.SendAsync(new DeleteObject("base", "b"));
        await Assert.ThrowsAsync<ObjectNotFoundException>(() => _lake.SendAsync(new DeleteObject("base", "b")));
        await Assert.ThrowsAsync<InvalidInputException>(() => _lake.SendAsync(new PutObject("base", new JsonObject { ["kind"] = "top", ["name"] = "b" })));
        await Assert.ThrowsAsync<InvalidInputException>(() => _lake.SendAsync(new PutObject("base", new JsonObject { ["name"] = 5 })));
    }
}
