using LakePortal.Governance.Contracts.Identity;
using LakePortal.Governance.Persistence;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Governance.Identity.Preferences;

internal sealed class GetPreferencesHandler(IDbContextFactory<GovernanceDbContext> databases, ICallerAccessor callers)
    : IRequestHandler<GetPreferences, UserPreferences>
{
    public async Task<UserPreferences> Handle(GetPreferences request, CancellationToken cancellationToken)
    {
        var name = callers.Current!.User;
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var user = await database.Users.AsNoTracking().FirstOrDefaultAsync(u => u.Name == name, cancellationToken)
            ?? throw new ObjectNotFoundException("user", name);
        return new UserPreferences(user.TimeZone, user.Theme);
    }
}

internal sealed class SavePreferencesValidator : IRequestValidator<SavePreferences>
{
    public IEnumerable<InputFault> Validate(SavePreferences request)
    {
        if (request.Preferences.Theme is not ("system" or "light" or "dark"))
        {
            yield return new InputFault("theme", $"'{request.Preferences.Theme}' is no theme.", "Use system, light or dark.");
        }

        if (request.Preferences.TimeZone is { } zone && !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
        {
            yield return new InputFault("time_zone", $"There is no time zone '{zone}'.", "Use an IANA name such as Europe/Berlin.");
        }
    }
}

internal sealed class SavePreferencesHandler(IDbContextFactory<GovernanceDbContext> databases, ICallerAccessor callers) : IRequestHandler<SavePreferences>
{
    public async Task<Unit> Handle(SavePreferences request, CancellationToken cancellationToken)
    {
        var name = callers.Current!.User;
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var changed = await database.Users.Where(u => u.Name == name).ExecuteUpdateAsync(
            s => s.SetProperty(u => u.TimeZone, request.Preferences.TimeZone).SetProperty(u => u.Theme, request.Preferences.Theme), cancellationToken);
        return changed == 1 ? Unit.Value : throw new ObjectNotFoundException("user", name);
    }
}
