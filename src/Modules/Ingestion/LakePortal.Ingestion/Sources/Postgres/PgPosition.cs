using System.Globalization;
using LakePortal.Kernel.Errors;

namespace LakePortal.Ingestion.Sources.Postgres;

/// <summary>
/// A position in PostgreSQL's log. As a statement about rows it means: exactly the transactions whose commit record begins before it. That is what a slot's
/// consistent point says of its exported snapshot, and what the end of a commit record says of everything up to that commit.
/// </summary>
internal readonly record struct PgPosition(ulong Value) : IComparable<PgPosition>
{
    public static readonly PgPosition Zero;

    /// <summary>Of fixed width, so that texts sort as positions do: <c>00000000/016B3748</c>. PostgreSQL reads it, too.</summary>
    public string Sortable => string.Create(CultureInfo.InvariantCulture, $"{Value >> 32:X8}/{Value & 0xFFFFFFFF:X8}");

    public static bool operator <(PgPosition left, PgPosition right) => left.Value < right.Value;

    public static bool operator >(PgPosition left, PgPosition right) => left.Value > right.Value;

    public static bool operator <=(PgPosition left, PgPosition right) => left.Value <= right.Value;

    public static bool operator >=(PgPosition left, PgPosition right) => left.Value >= right.Value;

    /// <param name="text"><c>0/16B3748</c>, with or without leading zeros.</param>
    public static PgPosition Parse(string text) =>
        TryParse(text) ?? throw new InvalidInputException($"'{text}' is no log position.", "Positions look like 0/16B3748.");

    public static PgPosition? TryParse(string? text)
    {
        if (text is null || text.IndexOf('/', StringComparison.Ordinal) is var slash && slash < 1)
        {
            return null;
        }

        return uint.TryParse(text.AsSpan(0, slash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var high)
            && uint.TryParse(text.AsSpan(slash + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var low)
            ? new PgPosition(((ulong)high << 32) | low)
            : null;
    }

    public int CompareTo(PgPosition other) => Value.CompareTo(other.Value);

    /// <summary>As PostgreSQL prints it: <c>0/16B3748</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value >> 32:X}/{Value & 0xFFFFFFFF:X}");
}
