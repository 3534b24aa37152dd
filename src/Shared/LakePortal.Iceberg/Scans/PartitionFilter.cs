using LakePortal.Iceberg.Manifests;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Scans;

/// <summary>Prunes manifests by their partition summaries and files by their partition tuples, for one spec.</summary>
internal sealed class PartitionFilter
{
    private readonly Predicate _predicate;
    private readonly IReadOnlyList<(PrimitiveType? Source, PrimitiveType Result)> _types;

    // By leaf of the predicate: what it means for fields of the spec.
    private readonly Dictionary<Predicate, List<(int Index, Predicate Projected)>> _projected = new(ReferenceEqualityComparer.Instance);

    public PartitionFilter(Predicate predicate, PartitionSpec spec, IReadOnlyList<(PrimitiveType? Source, PrimitiveType Result)> types)
    {
        _predicate = predicate;
        _types = types;
        Prepare(predicate, spec);
    }

    public bool MightMatch(ContentFile file) => PredicateTree.MightMatch(
        _predicate, leaf => _projected[leaf].TrueForAll(p => ValueRange.Of(file.Partition[p.Index]).MightMatch(p.Projected)));

    public bool MightMatch(ManifestFile manifest) => manifest.Partitions is not { } summaries || summaries.Count != _types.Count
        || PredicateTree.MightMatch(_predicate, leaf => _projected[leaf].TrueForAll(p => RangeOf(summaries[p.Index], _types[p.Index].Result).MightMatch(p.Projected)));

    private static ValueRange RangeOf(PartitionSummary summary, PrimitiveType type)
    {
        var mayHaveNan = ValueRange.IsFloating(type.Kind) && summary.ContainsNan is not false;
        return new ValueRange(
            summary.ContainsNull,
            // No bounds although NaN cannot hide: there is nothing but nulls.
            summary is { ContainsNull: true, LowerBound: null, UpperBound: null } && !mayHaveNan,
            mayHaveNan,
            Decode(type, summary.LowerBound),
            Decode(type, summary.UpperBound));
    }

    // A bound that cannot be read is unknown, which keeps the manifest.
    private static object? Decode(PrimitiveType type, byte[]? bound) => bound is not null && SingleValue.TryDecode(type, bound, out var value) ? value : null;

    private void Prepare(Predicate predicate, PartitionSpec spec)
    {
        switch (predicate)
        {
            case Predicate.And and:
                Prepare(and.Left, spec);
                Prepare(and.Right, spec);
                break;
            case Predicate.Or or:
                Prepare(or.Left, spec);
                Prepare(or.Right, spec);
                break;
            default:
                var projections = new List<(int, Predicate)>();
                for (var i = 0; i < spec.Fields.Count; i++)
                {
                    if (spec.Fields[i].SourceId == PredicateTree.FieldOf(predicate) && _types[i].Source is { } source
                        && InclusiveProjection.Project(predicate, spec.Fields[i].Transform, source) is { } projected)
                    {
                        projections.Add((i, projected));
                    }
                }

                _projected[predicate] = projections;
                break;
        }
    }
}
