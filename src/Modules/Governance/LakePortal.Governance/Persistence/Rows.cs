namespace LakePortal.Governance.Persistence;

internal sealed class UserRow
{
    public required string Name { get; init; }

    /// <summary>Null: no password yet; nobody can sign in.</summary>
    public string? PasswordHash { get; set; }

    public required bool MustChangePassword { get; set; }

    public required bool IsDisabled { get; set; }

    /// <summary>A new one ends all sessions.</summary>
    public required string SessionStamp { get; set; }

    /// <summary>JSON array of names.</summary>
    public required string Roles { get; set; }

    /// <summary>JSON array of names.</summary>
    public required string Groups { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? LastSignInAt { get; set; }

    public string? TimeZone { get; set; }

    public required string Theme { get; set; }

    public long Version { get; init; }
}

internal sealed class RoleRow
{
    public required string Name { get; init; }

    /// <summary>The <c>kind: role</c> document as JSON.</summary>
    public required string Document { get; set; }

    public long Version { get; init; }
}

internal sealed class TokenRow
{
    public required string Id { get; init; }

    public required string User { get; init; }

    public required string Name { get; init; }

    /// <summary>SHA-256 of the secret part, hex. The secret has 256 random bits, so a slow hash would add nothing.</summary>
    public required string Hash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? LastUsedAt { get; set; }

    public DateTimeOffset? RevokedAt { get; set; }
}

/// <summary>Failures since the last success, by <c>user:&lt;name&gt;</c> (known or not) and <c>address:&lt;ip&gt;</c>.</summary>
internal sealed class SignInFailureRow
{
    public required string Subject { get; init; }

    public required int Failures { get; set; }

    public required DateTimeOffset LastAt { get; set; }

    public DateTimeOffset? LockedUntil { get; set; }
}

/// <summary>One version of a secret: its value under a key of its own, that key under the master key.</summary>
internal sealed class SecretRow
{
    public required string Name { get; init; }

    public required int Number { get; init; }

    /// <summary>Nonce, tag and ciphertext of the value.</summary>
    public required byte[] Value { get; init; }

    /// <summary>Nonce, tag and ciphertext of the data key.</summary>
    public required byte[] DataKey { get; init; }

    /// <summary>Which master key: a fingerprint.</summary>
    public required string MasterKeyId { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public required string UpdatedBy { get; init; }
}

internal sealed class AuditRow
{
    /// <summary>From 1 without gaps.</summary>
    public required long Sequence { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string User { get; init; }

    public required string Via { get; init; }

    public required string Action { get; init; }

    public required string Object { get; init; }

    public required string Outcome { get; init; }

    public string? Detail { get; init; }

    /// <summary>SHA-256 over the previous row's hash and this row: nothing can be changed or taken out unseen.</summary>
    public required string Hash { get; init; }
}
