using LakePortal.Kernel.Messaging;
using MediatR;

namespace LakePortal.Governance.Contracts.Audit;

/// <param name="Outcome"><c>ok</c>, <c>denied</c> or <c>failed</c>.</param>
/// <param name="Detail">Error code, statement text, or what changed; never a secret.</param>
public sealed record AuditEntry(
    long Sequence, DateTimeOffset At, string User, string Via, string Action, string Object, string Outcome, string? Detail);

/// <summary>What kind of deed an entry is about.</summary>
public enum AuditKind
{
    /// <summary>Everything that is neither a granted read nor a sign-in, and whatever was denied.</summary>
    Changes,

    /// <summary>Tables that were read.</summary>
    Reads,

    /// <summary>Sign-ins, also those that failed.</summary>
    SignIns,

    /// <summary>What was refused, whatever it was.</summary>
    Denied,
}

public sealed record AuditFilter
{
    /// <summary>Null: every kind.</summary>
    public AuditKind? Kind { get; init; }

    public string? User { get; init; }

    public string? Action { get; init; }

    public string? Object { get; init; }

    public string? Outcome { get; init; }

    public DateTimeOffset? Since { get; init; }

    public DateTimeOffset? Until { get; init; }

    public long? BeforeSequence { get; init; }

    public int Limit { get; init; } = 100;
}

/// <summary>Newest first.</summary>
[RequiresPermission(Permissions.AuditRead)]
public sealed record ListAudit(AuditFilter Filter) : IRequest<IReadOnlyList<AuditEntry>>;
