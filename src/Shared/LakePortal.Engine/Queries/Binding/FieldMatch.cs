using LakePortal.Iceberg.Scans;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>Finds fields of the table in a file: by id, or, in files without ids, by the table's name mapping.</summary>
internal sealed class FieldMatch(FileSchema schema, NameMapping? mapping)
{
    private readonly Dictionary<int, MappedField> _mapped = Flatten(mapping?.Fields ?? []).Where(f => f.FieldId is not null)
        .GroupBy(f => f.FieldId!.Value).ToDictionary(g => g.Key, g => g.First());

    public FileField? Find(IReadOnlyList<FileField> among, int id) => schema.HasIds
        ? among.FirstOrDefault(f => f.Id == id)
        : _mapped.TryGetValue(id, out var names) ? among.FirstOrDefault(f => names.Names.Contains(f.Name, StringComparer.Ordinal)) : null;

    public IReadOnlyDictionary<int, string> TopLevelNames() => (mapping?.Fields ?? [])
        .Where(f => f.FieldId is not null)
        .Select(f => (Id: f.FieldId!.Value, Field: Find(schema.Fields, f.FieldId!.Value)))
        .Where(f => f.Field is not null)
        .ToDictionary(f => f.Id, f => f.Field!.Name);

    private static IEnumerable<MappedField> Flatten(IEnumerable<MappedField> fields) => fields.SelectMany(f => Flatten(f.Children).Prepend(f));
}
