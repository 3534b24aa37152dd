namespace LakePortal.Kernel.Secrets;

/// <summary>
/// Turns configuration text with references (<c>${secret:name}</c>, <c>${env:NAME}</c>) into its value, at the moment of use.
/// The value is never stored, logged or exported.
/// </summary>
public interface ISecretResolver
{
    /// <exception cref="Errors.LakePortalException">A reference names a secret or variable that is not there (code <c>governance.secret-missing</c>).</exception>
    Task<string> ResolveAsync(string text, CancellationToken cancellationToken);
}
