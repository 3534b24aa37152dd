using System.Globalization;
using LakePortal.Kernel.Errors;

namespace LakePortal.Ingestion.Sources;

/// <summary>
/// A position in a source's log: PostgreSQL's LSN, or of a binary log the number of its file and the place in it. As a statement about rows it means: exactly
/// the transactions whose commit record (PostgreSQL), or whose group of events (MySQL), begins before it. That is what a consistent snapshot's position says of
/// what the snapshot sees, and what the end of a transaction says of everything up to it.
/// </summary>
internal readonly record struct LogPosition(ulong Value) : IComparable<LogPosition>
{
    public static readonly LogPosition Zero;

    /// <summary>In a binary log.</summary>
    public static LogPosition InFile(uint file, uint place) => new(((ulong)file << 32) | place);

    /// <summary>Number of the binary log's file.</summary>
    public uint File => (uint)(Value >> 32);

    /// <summary>Place in that file.</summary>
    public uint Place => (uint)Value;

    /// <summary>Of fixed width, so that texts sort as positions do: <c>00000000/016B3748</c>. PostgreSQL reads it, too.</summary>
    public string Sortable => string.Create(CultureInfo.InvariantCulture, $"{Value >> 32:X8}/{Value & 0xFFFFFFFF:X8}");

    public static bool operator <(LogPosition left, LogPosition right) => left.Value < right.Value;

    public static bool operator >(LogPosition left, LogPosition right) => left.Value > right.Value;

    public static bool operator <=(LogPosition left, LogPosition right) => left.Value <= right.Value;

    public static bool operator >=(LogPosition left, LogPosition right) => left.Value >= right.Value;

    /// <param name="text"><c>0/16B3748</c>, with or without leading zeros.</param>
    public static LogPosition Parse(string text) =>
        TryParse(text) ?? throw new InvalidInputException($"'{text}' is no log position.", "Positions look like 0/16B3748.");

    public static LogPosition? TryParse(string? text)
    {
        if (text is null || text.IndexOf('/', StringComparison.Ordinal) is var slash && slash < 1)
        {
            return null;
        }

        return uint.TryParse(text.AsSpan(0, slash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var high)
            && uint.TryParse(text.AsSpan(slash + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var low)
            ? new LogPosition(((ulong)high << 32) | low)
            : null;
    }

    public int CompareTo(LogPosition other) => Value.CompareTo(other.Value);

    /// <summary>As PostgreSQL prints it: <c>0/16B3748</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value >> 32:X}/{Value & 0xFFFFFFFF:X}");
}
