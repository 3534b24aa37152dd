namespace LakePortal.Kernel.Persistence;

/// <summary>Section <c>ControlDatabase</c>.</summary>
public sealed record ControlDatabaseOptions
{
    public const string SectionName = "ControlDatabase";

    /// <summary><c>sqlite</c> or <c>postgres</c>.</summary>
    public string Provider { get; init; } = "sqlite";

    /// <summary>For PostgreSQL: an Npgsql connection string. Empty for SQLite: <c>&lt;data&gt;/control.db</c>.</summary>
    public string ConnectionString { get; init; } = "";
}
