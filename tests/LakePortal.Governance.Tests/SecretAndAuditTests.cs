using System.Text;
using LakePortal.Governance.Audit;
using LakePortal.Governance.Contracts.Audit;
using LakePortal.Governance.Contracts.Secrets;
using LakePortal.Governance.Persistence;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Secrets;
using LakePortal.TestSupport;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Governance.Tests;

public abstract class SecretAndAuditTests(PostgresServer? server) : GovernanceOn(server)
{
    private const string Value = "hunter2-very-secret-Ü";

    private ISecretResolver Resolver => Lake.Services.GetRequiredService<ISecretResolver>();

    private Task<GovernanceDbContext> OpenAsync() => Lake.Services.GetRequiredService<IDbContextFactory<GovernanceDbContext>>().CreateDbContextAsync();

    [Fact]
    public async Task A_secret_is_resolved_at_use_in_its_newest_version()
    {
        await Lake.SendAsync(new SetSecret("shop", "old"));
        var info = await Lake.SendAsync(new SetSecret("shop", Value));
        Assert.Equal(2, info.Version);
        Assert.Equal($"a{Value}b{Value}$c", await Resolver.ResolveAsync("a${secret:shop}b${secret:shop}$c", default));
        Assert.Equal("pa${x}ss ${secret:} ${", await Resolver.ResolveAsync("pa${x}ss ${secret:} ${", default));
        Environment.SetEnvironmentVariable("GOVERNANCE_TEST_VALUE", "from env");
        Assert.Equal("from env", await Resolver.ResolveAsync("${env:GOVERNANCE_TEST_VALUE}", default));
    }

    [Theory]
    [InlineData("${secret:absent}")]
    [InlineData("${env:GOVERNANCE_TEST_ABSENT}")]
    [InlineData("${env:LAKE_MASTER_KEY}")]
    [InlineData("${env:controldatabase__connectionstring}")]
    public async Task A_reference_without_a_value_or_to_our_own_keys_fails_by_name(string text)
    {
        var error = await Assert.ThrowsAnyAsync<LakePortalException>(() => Resolver.ResolveAsync(text, default));
        Assert.Equal("governance.secret-missing", error.Code);
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
        var missing = Assert.Single(await Resolver.FindMissingAsync($"a{text}b${{x}}", default));
        Assert.Equal((text, error.Hint), (missing.Reference, missing.Hint));
    }

    [Fact]
    public async Task A_reference_with_a_value_is_not_missing()
    {
        await Lake.SendAsync(new SetSecret("shop", Value));
        Environment.SetEnvironmentVariable("GOVERNANCE_TEST_VALUE", "from env");
        Assert.Empty(await Resolver.FindMissingAsync("${secret:shop}${env:GOVERNANCE_TEST_VALUE}${other:x}", default));
    }

    [Fact]
    public async Task The_value_is_nowhere_in_the_database_audit_export_or_messages()
    {
        var request = new SetSecret("shop", Value);
        await Lake.SendAsync(request);
        Assert.DoesNotContain(Value, request.ToString(), StringComparison.Ordinal);
        var exported = await Lake.SendAsync(new ExportObject("secret", "shop"));
        Assert.Equal("kind: secret\nname: shop\n", exported.Yaml);
        var refused = await Assert.ThrowsAsync<InvalidInputException>(() => Lake.SendAsync(
            new ApplyConfiguration([new ConfigText("s.yaml", $"kind: secret\nname: shop\nvalue: {Value}")], false, false)));
        Assert.DoesNotContain(Value, refused.Message + string.Join(' ', refused.Faults), StringComparison.Ordinal);
        Assert.DoesNotContain(await Lake.SendAsync(new ListAudit(new AuditFilter())), r => r.ToString().Contains(Value, StringComparison.Ordinal));

        await using var database = await OpenAsync();
        var row = Assert.Single(await database.Secrets.ToListAsync());
        Assert.DoesNotContain(Value, Encoding.UTF8.GetString(row.Value), StringComparison.Ordinal);
        Assert.Equal(12 + 16 + Encoding.UTF8.GetByteCount(Value), row.Value.Length);
    }

    [Fact]
    public async Task A_changed_or_swapped_row_is_noticed()
    {
        await Lake.SendAsync(new SetSecret("a", "of a"));
        await Lake.SendAsync(new SetSecret("b", "of b"));
        await using var database = await OpenAsync();
        var (a, b) = (await database.Secrets.AsNoTracking().SingleAsync(s => s.Name == "a"), await database.Secrets.AsNoTracking().SingleAsync(s => s.Name == "b"));
        await database.Secrets.Where(s => s.Name == "b").ExecuteUpdateAsync(s => s.SetProperty(x => x.Value, a.Value).SetProperty(x => x.DataKey, a.DataKey));
        Assert.Equal("governance.master-key", (await Assert.ThrowsAnyAsync<LakePortalException>(() => Resolver.ResolveAsync("${secret:b}", default))).Code);
        await database.Secrets.Where(s => s.Name == "b").ExecuteUpdateAsync(s => s.SetProperty(x => x.Value, b.Value).SetProperty(x => x.DataKey, b.DataKey));
        Assert.Equal("of b", await Resolver.ResolveAsync("${secret:b}", default));
    }

    [Fact]
    public async Task Audit_rows_are_numbered_without_gaps_and_chained_under_concurrency()
    {
        var trail = Lake.Services.GetRequiredService<IAuditTrail>();
        var other = new AuditTrail(Lake.Services.GetRequiredService<IDbContextFactory<GovernanceDbContext>>(), Clock);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(() =>
            (i % 2 == 0 ? trail : other).RecordAsync("ann", "api", "test.do", $"thing/{i}", "ok", $"\0 lake_0123456789ab_{new string('a', 64)}", default))));

        await using var database = await OpenAsync();
        var rows = await database.Audit.AsNoTracking().OrderBy(a => a.Sequence).ToListAsync();
        Assert.Equal(Enumerable.Range(1, rows.Count).Select(i => (long)i), rows.Select(r => r.Sequence));
        Assert.Equal(40, rows.Count(r => r.Action == "test.do"));
        var previous = "";
        foreach (var row in rows)
        {
            Assert.Equal(AuditTrail.HashOf(previous, row), row.Hash);
            previous = row.Hash;
        }

        Assert.All(rows.Where(r => r.Action == "test.do"), r => Assert.Equal("\uFFFD lake_•••", r.Detail));
    }

    [Fact]
    public async Task The_audit_trail_tells_changes_from_reads_and_sign_ins_and_keeps_refusals_in_sight()
    {
        var trail = Lake.Services.GetRequiredService<IAuditTrail>();
        foreach (var (action, outcome) in new[]
        {
            ("governance.sign-in", "ok"), ("governance.sign-in-failed", "denied"), ("governance.read-tables", "ok"), ("governance.read-tables", "denied"), ("ingestion.run-sync", "ok"),
        })
        {
            await trail.RecordAsync("ann", "api", action, "thing/1", outcome, null, default);
        }

        async Task<IEnumerable<long>> Of(AuditKind? kind) => (await Lake.SendAsync(new ListAudit(new AuditFilter { Kind = kind, User = "ann" }))).Select(r => r.Sequence);
        var all = (await Of(null)).Reverse().ToArray();
        Assert.Equal(5, all.Length);
        Assert.Equal([all[4], all[3], all[1]], await Of(AuditKind.Changes));
        Assert.Equal([all[3], all[2]], await Of(AuditKind.Reads));
        Assert.Equal([all[1], all[0]], await Of(AuditKind.SignIns));
        Assert.Equal([all[3], all[1]], await Of(AuditKind.Denied));
    }

    [Fact]
    public async Task The_audit_trail_is_filtered_and_paged_newest_first()
    {
        var trail = Lake.Services.GetRequiredService<IAuditTrail>();
        for (var i = 0; i < 5; i++)
        {
            await trail.RecordAsync(i % 2 == 0 ? "ann" : "bob", "api", "test.do", "thing/1", i == 3 ? "denied" : "ok", null, default);
            Clock.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal(3, (await Lake.SendAsync(new ListAudit(new AuditFilter { User = "ann" }))).Count);
        Assert.Single(await Lake.SendAsync(new ListAudit(new AuditFilter { Outcome = "denied" })));
        Assert.Equal(2, (await Lake.SendAsync(new ListAudit(new AuditFilter { Since = Clock.GetUtcNow().AddHours(-2) }))).Count);
        var page = await Lake.SendAsync(new ListAudit(new AuditFilter { Limit = 2 }));
        var next = await Lake.SendAsync(new ListAudit(new AuditFilter { Limit = 2, BeforeSequence = page[^1].Sequence }));
        Assert.Equal([5L, 4, 3, 2], page.Concat(next).Select(r => r.Sequence));
    }

    [Fact]
    public void Migrations_are_portable() => ModuleDatabaseChecks.MigrationsArePortable(Lake.Services, typeof(GovernanceDbContext));

    [Fact]
    public Task Every_entity_can_be_written_and_read() => ModuleDatabaseChecks.EveryEntityCanBeWrittenAndReadAsync(Lake.Services, typeof(GovernanceDbContext));
}

public sealed class SecretAndAuditOnSqliteTests() : SecretAndAuditTests(null);

[Collection(PostgresCollection.Name)]
public sealed class SecretAndAuditOnPostgresTests(PostgresServer server) : SecretAndAuditTests(server);
