using System.Text.Json;
using LakePortal.Ingestion.Capture.Landing;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>A table's columns from a place in the log on.</summary>
/// <param name="From">The first group of events that has changes of rows in this form begins there, or behind it.</param>
internal sealed record TableVersion(ulong From, IReadOnlyList<MySqlColumn> Columns, IReadOnlyList<string> Key)
{
    public bool IsLike(TableVersion other) => Columns.SequenceEqual(other.Columns) && Key.SequenceEqual(other.Key);

    public MySqlTable Table(string schema, string name) =>
        new() { Schema = schema, Name = name, Kind = 'r', Engine = "InnoDB", Columns = [.. Columns], Key = Key, Rows = null, Bytes = 0 };
}

/// <summary>
/// What a table's columns were, over the part of the log that is still to be read: the log has the values of rows without the names of their columns, and the
/// catalogs know only what is now.
/// </summary>
internal sealed record TableVersions(IReadOnlyList<TableVersion> All)
{
    public static readonly TableVersions None = new([]);

    public static TableVersions Parse(string? json) => json is null ? None : new TableVersions(JsonSerializer.Deserialize<List<TableVersion>>(json)!);

    public string ToJson() => JsonSerializer.Serialize(All);

    /// <returns>Null: nothing is known of that part of the log.</returns>
    public TableVersion? At(LogPosition group) => All.LastOrDefault(v => v.From <= group.Value);

    /// <param name="version">Takes the place of one that begins at the same place.</param>
    /// <param name="kept">What is before it is not read any more.</param>
    public TableVersions With(TableVersion version, LogPosition kept)
    {
        var all = All.Where(v => v.From != version.From).Append(version).OrderBy(v => v.From).ToList();
        var first = all.FindLastIndex(v => v.From <= kept.Value);
        return new TableVersions(first > 0 ? all[first..] : all);
    }

    /// <summary>Numbers of columns by their names, the newest version's first; and the highest that was ever given.</summary>
    public static (Dictionary<string, short> Numbers, short Highest) Known(LandedTable? landed)
    {
        var numbers = new Dictionary<string, short>(StringComparer.OrdinalIgnoreCase);
        var known = (landed?.Columns ?? []).Select(c => (Name: c.Source, c.Number)).Concat(Parse(landed?.Versions).All.SelectMany(v => v.Columns).Select(c => (c.Name, c.Number))).ToList();
        foreach (var (name, number) in known)
        {
            numbers[name] = number;
        }

        return (numbers, known.Select(k => k.Number).DefaultIfEmpty((short)0).Max());
    }

    /// <summary>The server gives columns no numbers of their own: they get ours, by which they are recognised under other names.</summary>
    /// <param name="columns">As the catalogs have them.</param>
    /// <param name="known">Numbers by name.</param>
    /// <param name="highest">That was given.</param>
    public static IReadOnlyList<MySqlColumn> Number(IEnumerable<MySqlColumn> columns, IReadOnlyDictionary<string, short> known, short highest)
    {
        var next = highest;
        return [.. columns.Select(c => c with { Number = known.TryGetValue(c.Name, out var number) && number > 0 ? number : ++next })];
    }
}
