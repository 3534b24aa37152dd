namespace LakePortal.Engine.Writing;

/// <summary>Files that were written for a commit which may come much later, such as those of a load that can be resumed: no snapshot refers to them yet, and they are no leftovers.</summary>
public interface IRecordedFiles
{
    /// <summary>Their locations.</summary>
    Task<IReadOnlyCollection<string>> ListAsync(CancellationToken cancellationToken);
}
