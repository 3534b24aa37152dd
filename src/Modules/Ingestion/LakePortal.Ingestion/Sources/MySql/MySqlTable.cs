using System.Text.Json.Serialization;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.MySql.Log;

namespace LakePortal.Ingestion.Sources.MySql;

/// <param name="DataType">Without its parameters: <c>int</c>, <c>decimal</c>, <c>enum</c>.</param>
/// <param name="DisplayType">As the server prints it: <c>int(10) unsigned</c>.</param>
/// <param name="Precision">Digits of a decimal, bits of a bit; 0: none.</param>
/// <param name="Scale">Decimals of a decimal, digits of a second's fraction.</param>
/// <param name="Charset">Null: not text.</param>
/// <param name="HasDefault">Rows that are there when the column comes get a value that is not null.</param>
internal sealed record MySqlColumn(
    short Number, string Name, string DataType, string DisplayType, int Precision, int Scale, string? Charset, bool NotNull, bool IsGenerated, bool HasDefault)
    : SourceColumn(Number, Name, DisplayType, NotNull, IsGenerated)
{
    [JsonIgnore]
    public bool IsUnsigned { get; } = DisplayType.Contains("unsigned", StringComparison.OrdinalIgnoreCase);

    /// <summary>The labels of an enum or a set, in their order.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Labels { get; } = DataType is "enum" or "set" ? ReadLabels(DisplayType) : [];

    /// <summary>Length of a binary(n), whose zeros at the end the log leaves out.</summary>
    public int Length { get; init; }

    /// <summary>Width to which the server fills numbers up with zeros; null: it does not.</summary>
    [JsonIgnore]
    public byte? ZeroFill { get; } = ReadWidth(DisplayType);

    // Lists and numbers that come from the type's text say no more than it.
    public bool Equals(MySqlColumn? other) =>
        base.Equals(other) && DataType == other.DataType && Precision == other.Precision && Scale == other.Scale && Charset == other.Charset && HasDefault == other.HasDefault && Length == other.Length;

    public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), DataType, Precision, Scale, Charset, HasDefault, Length);

    private static byte? ReadWidth(string type) => type.Contains("zerofill", StringComparison.OrdinalIgnoreCase) && type.IndexOf('(', StringComparison.Ordinal) is > 0 and var open
        && byte.TryParse(type.AsSpan(open + 1, Math.Max(0, type.IndexOf(')', StringComparison.Ordinal) - open - 1)), System.Globalization.CultureInfo.InvariantCulture, out var width) ? width : null;

    private static char Unescaped(char letter) => letter switch { 'n' => '\n', 'r' => '\r', 't' => '\t', '0' => '\0', 'Z' => '\u001A', _ => letter };

    private static List<string> ReadLabels(string type)
    {
        var labels = new List<string>();
        var i = type.IndexOf('\'', StringComparison.Ordinal);
        while (i >= 0 && i < type.Length)
        {
            var label = new System.Text.StringBuilder();
            for (i++; i < type.Length; i++)
            {
                if (type[i] == '\'' && (i + 1 == type.Length || type[i + 1] != '\''))
                {
                    break;
                }

                i += type[i] == '\'' ? 1 : 0;
                label.Append(type[i] == '\\' && i + 1 < type.Length ? Unescaped(type[++i]) : type[i]);
            }

            labels.Add(label.ToString());
            i = type.IndexOf('\'', i + 1);
        }

        return labels;
    }
}

/// <summary>A table or view as information_schema describes it.</summary>
internal sealed record MySqlTable : SourceTable
{
    /// <summary>Null: a view.</summary>
    public required string? Engine { get; init; }

    /// <summary>Reads see one moment, and changes are undone with their transaction.</summary>
    public bool IsTransactional => Engine is "InnoDB" or "ROCKSDB" or "TokuDB";

    /// <summary>The server gives tables no number that everybody may see; what was dropped and made again shows in the log.</summary>
    public override uint Identity => 1;

    public override string Sql => MySqlSql.Qualified(Schema, Name);

    public override bool HasRowVersions => false;

    public override SourceTable Continue(LandedTable? before)
    {
        var (numbers, highest) = TableVersions.Known(before);
        return this with { Columns = TableVersions.Number(Columns.Cast<MySqlColumn>(), numbers, highest) };
    }

    public override string? VersionsFrom(LandedTable? before, LogPosition at, LogPosition kept) =>
        TableVersions.Parse(before?.Versions).With(new TableVersion(at.Value, [.. Columns.Cast<MySqlColumn>()], Key), kept < at ? kept : at).ToJson();

    public override string Quote(string identifier) => MySqlSql.Quote(identifier);

    public override MappedType Map(SourceColumn column) => MySqlTypes.Map((MySqlColumn)column);

    public override MappedType AsText(SourceColumn column, string? note) => MySqlTypes.AsText((MySqlColumn)column, note);
}
