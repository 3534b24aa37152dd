using LakePortal.Iceberg.Scans;

namespace LakePortal.Engine.Queries.Pruning;

/// <summary>A condition on one table whose constants are still to be computed.</summary>
internal abstract record Condition
{
    /// <summary>True when no row with a null in the columns concerned can fulfil it: only then may it prune the optional side of an outer join.</summary>
    public abstract bool RejectsNull { get; }

    /// <summary>Null: nothing can be concluded, every row must be kept.</summary>
    public abstract Predicate? ToPredicate(Constants constants);

    public sealed record Compare(int FieldId, CompareOp Op, int Slot) : Condition
    {
        public override bool RejectsNull => true;

        public override Predicate? ToPredicate(Constants constants) =>
            constants.ValueOf(Slot) is { } value ? new Predicate.Compare(FieldId, Op, value) : null;
    }

    public sealed record In(int FieldId, IReadOnlyList<int> Slots) : Condition
    {
        public override bool RejectsNull => true;

        public override Predicate? ToPredicate(Constants constants)
        {
            var values = Slots.Select(constants.ValueOf).OfType<object>().ToList();
            return values.Count == Slots.Count ? new Predicate.In(FieldId, values) : null;
        }
    }

    public sealed record StartsWith(int FieldId, string Prefix) : Condition
    {
        public override bool RejectsNull => true;

        public override Predicate ToPredicate(Constants constants) => new Predicate.StartsWith(FieldId, Prefix);
    }

    public sealed record Null(int FieldId, bool Negated) : Condition
    {
        public override bool RejectsNull => Negated;

        public override Predicate ToPredicate(Constants constants) => Negated ? new Predicate.NotNull(FieldId) : new Predicate.IsNull(FieldId);
    }

    public sealed record All(Condition Left, Condition Right) : Condition
    {
        public override bool RejectsNull => Left.RejectsNull || Right.RejectsNull;

        public override Predicate? ToPredicate(Constants constants)
        {
            var (left, right) = (Left.ToPredicate(constants), Right.ToPredicate(constants));
            return left is null ? right : right is null ? left : new Predicate.And(left, right);
        }
    }

    public sealed record Any(Condition Left, Condition Right) : Condition
    {
        public override bool RejectsNull => Left.RejectsNull && Right.RejectsNull;

        public override Predicate? ToPredicate(Constants constants) =>
            Left.ToPredicate(constants) is { } left && Right.ToPredicate(constants) is { } right ? new Predicate.Or(left, right) : null;
    }
}
