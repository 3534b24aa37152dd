namespace LakePortal.Iceberg.Scans;

/// <summary>Evaluates a predicate's structure; what the leaves mean is the caller's: "might some row match?".</summary>
internal static class PredicateTree
{
    public static bool MightMatch(Predicate predicate, Func<Predicate, bool> leaf) => predicate switch
    {
        Predicate.And and => MightMatch(and.Left, leaf) && MightMatch(and.Right, leaf),
        Predicate.Or or => MightMatch(or.Left, leaf) || MightMatch(or.Right, leaf),
        _ => leaf(predicate),
    };

    public static int FieldOf(Predicate leaf) => leaf switch
    {
        Predicate.Compare c => c.FieldId,
        Predicate.In i => i.FieldId,
        Predicate.StartsWith s => s.FieldId,
        Predicate.IsNull n => n.FieldId,
        Predicate.NotNull n => n.FieldId,
        _ => throw new ArgumentException($"The predicate {leaf} is no leaf.", nameof(leaf)),
    };
}
