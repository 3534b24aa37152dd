using LakePortal.Governance.Identity.Roles;
using LakePortal.Governance.Identity.SignIn;
using LakePortal.Governance.Identity.Tokens;
using LakePortal.Governance.Identity.Users;
using LakePortal.Governance.Persistence;
using LakePortal.Kernel.Hosting;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Governance.Identity;

/// <summary>Makes the first administrator: a one-time password, printed once, and a token in a file that only the owner can read.</summary>
internal sealed class FirstStart(IDbContextFactory<GovernanceDbContext> databases, Passwords passwords, LakePaths paths, TimeProvider clock)
{
    public async Task RunAsync(TextWriter console, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        if (await database.Users.AnyAsync(cancellationToken))
        {
            return;
        }

        var password = Passwords.OneTime();
        var (token, text) = TokenRules.New(BuiltInRoles.Admin, "first start (admin.token)", TimeSpan.FromDays(400), clock);
        // The file first: if the process dies in between, the next start begins again and overwrites it.
        await PrivateFile.WriteAsync(paths.AdminToken, text.Reveal() + "\n", cancellationToken);
        database.Users.Add(UserStore.New(BuiltInRoles.Admin, [BuiltInRoles.Admin], passwords.Hash(password), clock.GetUtcNow()));
        database.Tokens.Add(token);
        await database.SaveChangesAsync(cancellationToken);

        await console.WriteLineAsync($"sign in as '{BuiltInRoles.Admin}' with the one-time password {password} (shown only now; it has to be changed at the first sign-in)");
        await console.WriteLineAsync($"API token of '{BuiltInRoles.Admin}': {paths.AdminToken}");
        await console.FlushAsync(cancellationToken);
    }
}
