using LakePortal.Governance.Contracts.Audit;
using LakePortal.Governance.Contracts.Identity;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Messaging;
using LakePortal.TestSupport;

namespace LakePortal.Governance.Tests;

public abstract class IdentityTests(PostgresServer? server) : GovernanceOn(server)
{
    private const string Good = "correct horse battery staple";

    private async Task<string> CodeOfAsync(Func<Task> action) => (await Assert.ThrowsAnyAsync<LakePortalException>(action)).Code;

    private Task<SignInResult> SignInAsync(string user, string password, string? address = "10.0.0.1") => Lake.SendAsync(new SignIn(user, password, address));

    private async Task<SignInResult> MakeUserAsync(string name, params string[] roles)
    {
        var first = await Lake.SendAsync(new CreateUser(name, roles));
        var signedIn = await SignInAsync(name, first.Password);
        Assert.True(signedIn.MustChangePassword);
        return await Lake.SendAsync(new ChangeOwnPassword(first.Password, Good), signedIn.Caller);
    }

    [Fact]
    public async Task The_first_start_makes_an_administrator_and_a_private_token_file()
    {
        var file = Path.Combine(Lake.Data, "admin.token");
        var token = (await File.ReadAllTextAsync(file)).Trim();
        Assert.Matches("^lake_[0-9a-f]{12}_[0-9a-f]{64}$", token);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }

        var caller = await Lake.SendAsync(new ResolveToken(token, "cli"));
        Assert.Equal(("admin", "cli"), (caller!.User, caller.Via));
        Assert.Equal(Permissions.All.Order(StringComparer.Ordinal), caller.Permissions.Order(StringComparer.Ordinal));
        var admin = Assert.Single(await Lake.SendAsync(new ListUsers()));
        Assert.Equal((true, 1), (admin.MustChangePassword, admin.ActiveTokens));
    }

    [Fact]
    public async Task A_one_time_password_signs_in_and_is_replaced_by_an_own_one()
    {
        var changed = await MakeUserAsync("ann", "analyst");
        Assert.False(changed.MustChangePassword);
        Assert.NotNull(await Lake.SendAsync(new ResolveSession("ann", changed.SessionStamp)));
        var again = await SignInAsync(" Ann ", Good);
        Assert.Equal(["analyst"], again.Caller.Roles);
        Assert.False(again.Caller.Can(Permissions.UsersRead));
        Assert.True(again.Caller.Can(Permissions.QueriesRun));
    }

    [Fact]
    public async Task Wrong_password_unknown_user_and_disabled_user_look_alike()
    {
        await MakeUserAsync("ann", "analyst");
        await MakeUserAsync("bob", "analyst");
        await Lake.SendAsync(new UpdateUser("bob", ["analyst"], IsDisabled: true));
        List<string> messages = [];
        foreach (var (user, password) in new[] { ("ann", "nope nope nope"), ("nobody", Good), ("bob", Good), ("'; DROP TABLE", Good) })
        {
            var error = await Assert.ThrowsAnyAsync<LakePortalException>(() => SignInAsync(user, password));
            Assert.Equal("governance.sign-in-failed", error.Code);
            messages.Add(error.Message);
        }

        Assert.Single(messages.Distinct());
    }

    [Fact]
    public async Task Repeated_failures_lock_the_account_longer_and_longer_and_a_right_password_does_not_help_meanwhile()
    {
        await MakeUserAsync("ann", "analyst");
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("governance.sign-in-failed", await CodeOfAsync(() => SignInAsync("ann", "wrong wrong wrong")));
        }

        Assert.Equal("governance.account-locked", await CodeOfAsync(() => SignInAsync("ann", Good)));
        var locked = Assert.Single(await Lake.SendAsync(new ListUsers()), u => u.Name == "ann").LockedUntil!.Value - Clock.GetUtcNow();
        Clock.Advance(locked);
        Assert.Equal("governance.sign-in-failed", await CodeOfAsync(() => SignInAsync("ann", "wrong wrong wrong")));
        var longer = Assert.Single(await Lake.SendAsync(new ListUsers()), u => u.Name == "ann").LockedUntil!.Value - Clock.GetUtcNow();
        Assert.True(longer > locked, $"{longer} > {locked}");
        Clock.Advance(longer);
        await SignInAsync("ann", Good);
        Assert.Null(Assert.Single(await Lake.SendAsync(new ListUsers()), u => u.Name == "ann").LockedUntil);
    }

    [Fact]
    public async Task Many_guesses_at_once_gain_nothing()
    {
        await MakeUserAsync("ann", "analyst");
        var codes = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => CodeOfAsync(() => SignInAsync("ann", $"guess number {i}", $"10.0.1.{i}"))));
        Assert.InRange(codes.Count(c => c == "governance.sign-in-failed"), 1, 5);
        Assert.True(codes.Count(c => c == "governance.account-locked") >= 7);
    }

    [Fact]
    public async Task One_address_that_tries_many_names_is_locked_too()
    {
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("governance.sign-in-failed", await CodeOfAsync(() => SignInAsync($"user{i}", Good, "10.9.9.9")));
        }

        Assert.Equal("governance.account-locked", await CodeOfAsync(() => SignInAsync("another", Good, "10.9.9.9")));
        Assert.Equal("governance.sign-in-failed", await CodeOfAsync(() => SignInAsync("another", Good, "10.9.9.8")));
    }

    [Theory]
    [InlineData("short")]
    [InlineData("aaaaaaaaaaaaaaaa")]
    [InlineData("password1234")]
    [InlineData("my name is ann ok")]
    public async Task A_weak_password_is_refused_with_its_rule(string password)
    {
        var signedIn = await MakeUserAsync("ann", "analyst");
        Assert.Equal("governance.weak-password", await CodeOfAsync(() => Lake.SendAsync(new ChangeOwnPassword(Good, password), signedIn.Caller)));
    }

    [Fact]
    public async Task Sessions_end_when_password_roles_or_state_change()
    {
        var ann = await MakeUserAsync("ann", "analyst");
        await Lake.SendAsync(new UpdateUser("ann", ["steward"], false));
        Assert.Null(await Lake.SendAsync(new ResolveSession("ann", ann.SessionStamp)));
        var again = await SignInAsync("ann", Good);
        await Lake.SendAsync(new UpdateUser("ann", ["steward"], false));
        Assert.NotNull(await Lake.SendAsync(new ResolveSession("ann", again.SessionStamp)));
        await Lake.SendAsync(new ResetPassword("ann"));
        Assert.Null(await Lake.SendAsync(new ResolveSession("ann", again.SessionStamp)));
        Assert.Null(await Lake.SendAsync(new ResolveSession("nobody", again.SessionStamp)));
    }

    [Fact]
    public async Task A_token_works_until_it_expires_is_revoked_or_its_user_is_disabled()
    {
        var ann = await MakeUserAsync("ann", "analyst");
        var first = await Lake.SendAsync(new CreateToken("ann", "ci", TimeSpan.FromDays(1)), ann.Caller);
        var second = await Lake.SendAsync(new CreateToken("ann", "laptop", TimeSpan.FromDays(30)), ann.Caller);
        Assert.Equal("ann", (await Lake.SendAsync(new ResolveToken(first.Token, "api")))!.User);
        Assert.Null(await Lake.SendAsync(new ResolveToken(first.Token[..^1] + (first.Token[^1] == 'a' ? 'b' : 'a'), "api")));
        Assert.Null(await Lake.SendAsync(new ResolveToken("lake_", "api")));
        Clock.Advance(TimeSpan.FromDays(1));
        Assert.Null(await Lake.SendAsync(new ResolveToken(first.Token, "api")));
        Assert.NotNull(await Lake.SendAsync(new ResolveToken(second.Token, "api")));
        Assert.NotNull((await Lake.SendAsync(new ListTokens("ann"), ann.Caller)).Single(t => t.Id == second.Info.Id).LastUsedAt);
        await Lake.SendAsync(new RevokeToken(second.Info.Id), ann.Caller);
        Assert.Null(await Lake.SendAsync(new ResolveToken(second.Token, "api")));
        var third = await Lake.SendAsync(new CreateToken("ann", "x", TimeSpan.FromDays(1)), ann.Caller);
        await Lake.SendAsync(new UpdateUser("ann", ["analyst"], IsDisabled: true));
        Assert.Null(await Lake.SendAsync(new ResolveToken(third.Token, "api")));
    }

    [Fact]
    public async Task Tokens_of_others_need_the_permission_for_users()
    {
        var ann = await MakeUserAsync("ann", "analyst");
        var admin = (await Lake.SendAsync(new ListTokens("admin"))).Single();
        Assert.Equal("permission-denied", await CodeOfAsync(() => Lake.SendAsync(new CreateToken("admin", "steal", TimeSpan.FromDays(1)), ann.Caller)));
        Assert.Equal("permission-denied", await CodeOfAsync(() => Lake.SendAsync(new ListTokens(null), ann.Caller)));
        Assert.Equal("not-found", await CodeOfAsync(() => Lake.SendAsync(new RevokeToken(admin.Id), ann.Caller)));
        Assert.Equal("invalid-input", await CodeOfAsync(() => Lake.SendAsync(new CreateToken("ann", "x", TimeSpan.FromDays(401)), ann.Caller)));
    }

    [Fact]
    public async Task The_last_administrator_stays()
    {
        Assert.Equal("governance.last-administrator", await CodeOfAsync(() => Lake.SendAsync(new UpdateUser("admin", ["analyst"], false))));
        Assert.Equal("governance.last-administrator", await CodeOfAsync(() => Lake.SendAsync(new UpdateUser("admin", ["admin"], true))));
        Assert.Equal("governance.last-administrator", await CodeOfAsync(() => Lake.SendAsync(new DeleteUser("admin"))));
        await MakeUserAsync("eve", "admin");
        await Lake.SendAsync(new DeleteUser("admin"));
        Assert.Equal("governance.last-administrator", await CodeOfAsync(() => Lake.SendAsync(new DeleteUser("eve"))));
    }

    [Fact]
    public async Task A_deleted_users_token_is_not_inherited_by_a_new_user_of_the_name()
    {
        var ann = await MakeUserAsync("ann", "analyst");
        var token = await Lake.SendAsync(new CreateToken("ann", "x", TimeSpan.FromDays(1)), ann.Caller);
        await Lake.SendAsync(new DeleteUser("ann"));
        await Lake.SendAsync(new CreateUser("ann", ["admin"]));
        Assert.Null(await Lake.SendAsync(new ResolveToken(token.Token, "api")));
    }

    [Fact]
    public async Task Roles_as_documents_give_permissions_by_user_group_and_nesting()
    {
        var yaml = """
            kind: user
            name: ann
            roles: []
            groups: [fraud]
            ---
            kind: role
            name: fraud-lead
            groups: [fraud]
            roles: [fraud-team]
            permissions: [audit.read]
            ---
            kind: role
            name: fraud-team
            roles: [fraud-lead]
            permissions: [tables.read]
            """;
        var changes = await Lake.SendAsync(new ApplyConfiguration([new ConfigText("r.yaml", yaml)], DryRun: false, Prune: false));
        Assert.All(changes, c => Assert.Equal(ChangeAction.Create, c.Action));
        changes = await Lake.SendAsync(new ApplyConfiguration([new ConfigText("r.yaml", yaml)], DryRun: false, Prune: false));
        Assert.All(changes, c => Assert.Equal(ChangeAction.Unchanged, c.Action));

        var password = await Lake.SendAsync(new ResetPassword("ann"));
        var ann = (await SignInAsync("ann", password.Password)).Caller;
        Assert.Equal(["fraud-lead", "fraud-team"], ann.Roles.Order(StringComparer.Ordinal));
        Assert.Equal(["audit.read", "tables.read"], ann.Permissions.Order(StringComparer.Ordinal));
        Assert.Contains("fraud", ann.Groups);

        var changed = await Lake.SendAsync(new ApplyConfiguration([new ConfigText("r.yaml", "kind: role\nname: fraud-team\npermissions: [queries.run]")], DryRun: true, Prune: true));
        Assert.Equal(["fraud-lead Delete ", "fraud-team Update roles: [\"fraud-lead\"] → –|permissions: [\"tables.read\"] → [\"queries.run\"]"],
            changed.OrderBy(c => c.Name, StringComparer.Ordinal).Select(c => $"{c.Name} {c.Action} {string.Join('|', c.Details.OrderDescending(StringComparer.Ordinal))}"));

        var fault = await Assert.ThrowsAsync<InvalidInputException>(() =>
            Lake.SendAsync(new ApplyConfiguration([new ConfigText("r.yaml", "kind: role\nname: x\npermissions: [table.read]\n---\nkind: rol\nname: y")], false, false)));
        Assert.Equal(["Did you mean 'role'?", "Did you mean 'tables.read'?"], fault.Faults.Select(f => f.Hint).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_sign_in_and_refusal_leaves_an_audit_row()
    {
        var ann = await MakeUserAsync("ann", "analyst");
        await CodeOfAsync(() => SignInAsync("ann", "wrong wrong wrong"));
        await CodeOfAsync(() => Lake.SendAsync(new ListUsers(), ann.Caller));
        var rows = await Lake.SendAsync(new ListAudit(new AuditFilter { User = "ann" }));
        Assert.Equal(
            ["governance.list-users denied users.read", "governance.sign-in denied governance.sign-in-failed from 10.0.0.1", "governance.change-own-password ok ", "governance.sign-in ok from 10.0.0.1"],
            rows.Select(r => $"{r.Action} {r.Outcome} {r.Detail}"));
    }
}

public sealed class IdentityOnSqliteTests() : IdentityTests(null);

[Collection(PostgresCollection.Name)]
public sealed class IdentityOnPostgresTests(PostgresServer server) : IdentityTests(server);
