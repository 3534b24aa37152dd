namespace LakePortal.Kernel.Secrets;

/// <summary>
/// Turns configuration text with references (<c>${secret:name}</c>, <c>${env:NAME}</c>) into its value, at the moment of use.
/// The value is never stored, logged or exported.
/// </summary>
public interface ISecretResolver
{
    /// <exception cref="Errors.LakePortalException">A reference names a secret or variable that is not there (code <c>governance.secret-missing</c>).</exception>
    Task<string> ResolveAsync(string text, CancellationToken cancellationToken);

    /// <summary>The references in the text that name no secret or variable, in their order; without reading any value.</summary>
    Task<IReadOnlyList<MissingReference>> FindMissingAsync(string text, CancellationToken cancellationToken);
}

/// <param name="Reference">As it is written: <c>${secret:shop}</c>.</param>
/// <param name="Hint">How it gets a value.</param>
public sealed record MissingReference(string Reference, string Hint);
