using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Scans;

/// <summary>Prunes data files by their column statistics. What is not known keeps the file.</summary>
internal sealed class MetricsFilter(Predicate predicate, Schema schema)
{
    private readonly Dictionary<int, PrimitiveType?> _types = [];

    public bool MightMatch(ContentFile file) => file.RecordCount != 0 && PredicateTree.MightMatch(predicate, leaf =>
    {
        var id = PredicateTree.FieldOf(leaf);
        return TypeOf(id) is not { } type || RangeOf(file, id, type).MightMatch(leaf);
    });

    private static ValueRange RangeOf(ContentFile file, int id, PrimitiveType type)
    {
        var values = Get(file.ValueCounts, id);
        var nulls = Get(file.NullValueCounts, id);
        var nans = Get(file.NanValueCounts, id);
        return new ValueRange(
            MayHaveNull: nulls is not 0,
            OnlyNull: values is { } v && nulls is { } n && n >= v,
            MayHaveNan: ValueRange.IsFloating(type.Kind) && nans is not 0,
            Bound(file.LowerBounds, id, type),
            Bound(file.UpperBounds, id, type));
    }

    private static long? Get(IReadOnlyDictionary<int, long>? map, int id) => map is not null && map.TryGetValue(id, out var value) ? value : null;

    private static object? Bound(IReadOnlyDictionary<int, byte[]>? bounds, int id, PrimitiveType type) =>
        bounds is not null && bounds.TryGetValue(id, out var bytes) && SingleValue.TryDecode(type, bytes, out var value)
            && value is not (float.NaN or double.NaN)
            ? value
            : null;

    // Statistics of list elements and map values count elements, not rows: they say nothing about a row.
    private PrimitiveType? TypeOf(int id)
    {
        if (!_types.TryGetValue(id, out var type))
        {
            type = SchemaFields.FindSingleValued(schema.Fields, id);
            _types[id] = type;
        }

        return type;
    }
}
