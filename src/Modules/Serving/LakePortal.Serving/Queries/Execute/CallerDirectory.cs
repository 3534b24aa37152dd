using LakePortal.Kernel.Identity;

namespace LakePortal.Serving.Queries.Execute;

/// <summary>Turns a user's name into a caller with what that user holds. Who keeps the users says so by registering an <see cref="ICallerDirectory"/>.</summary>
internal sealed class CallerDirectory(IEnumerable<ICallerDirectory> directories)
{
    public async Task<Caller?> FindAsync(string user, string via, CancellationToken cancellationToken)
    {
        foreach (var directory in directories)
        {
            if (await directory.FindAsync(user, via, cancellationToken) is { } caller)
            {
                return caller;
            }
        }

        return null;
    }
}
