namespace LakePortal.Kernel.Messaging;

/// <summary>Where the audit behaviour, sign-in and the engine's door write what was done. Implemented by Governance.</summary>
public interface IAuditTrail
{
    /// <param name="outcome"><c>ok</c>, <c>denied</c> or <c>failed</c>.</param>
    Task RecordAsync(string user, string via, string action, string auditObject, string outcome, string? detail, CancellationToken cancellationToken);
}
