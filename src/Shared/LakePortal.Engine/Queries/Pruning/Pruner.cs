using System.Text.Json.Nodes;
using LakePortal.Engine.Queries.Analysis;
using LakePortal.Iceberg.Scans;

namespace LakePortal.Engine.Queries.Pruning;

/// <summary>
/// Collects, for each table of a statement, what its rows must fulfil to matter. A condition applies to the FROM item below which it stands;
/// it goes down to a table through joins as far as leaving out rows there cannot change the result.
/// </summary>
internal sealed class Pruner(Constants constants, Func<TableOccurrence, ExposedColumn, bool> prunable)
{
    private readonly Dictionary<TableOccurrence, List<Condition>> _found = [];

    public void Collect(SelectScope scope)
    {
        // A sample is drawn from what FROM yields before WHERE.
        if (scope.Tables.Count == 0 || scope.Select["sample"] is not null || scope.Select["from_table"] is not JsonObject from)
        {
            return;
        }

        var reader = new ConditionReader(scope, constants, prunable);
        if (scope.Select["where_clause"] is JsonObject where)
        {
            Apply(where, from, reader);
        }

        CollectJoins(from, reader);
    }

    /// <summary>A row filter leaves out rows by itself, whatever the statement does; it sees the values of the file, masked or not.</summary>
    public void CollectFilter(TableOccurrence table, JsonObject filter)
    {
        var scope = new SelectScope(null, table.Scope.Select);
        scope.Tables.Add(table);
        var reader = new ConditionReader(scope, constants, (_, _) => true);
        foreach (var part in Conjuncts(filter))
        {
            if (reader.Read(part) is { } found)
            {
                Add(found.Table, found.Condition);
            }
        }
    }

    public Predicate? PredicateFor(TableOccurrence table) =>
        _found.GetValueOrDefault(table)?.Select(c => c.ToPredicate(constants)).OfType<Predicate>()
            .Aggregate((Predicate?)null, (all, next) => all is null ? next : new Predicate.And(all, next));

    private void CollectJoins(JsonObject table, ConditionReader reader)
    {
        if (table.Text("type") != "JOIN" || table["left"] is not JsonObject left || table["right"] is not JsonObject right)
        {
            return;
        }

        CollectJoins(left, reader);
        CollectJoins(right, reader);
        if (table["condition"] is not JsonObject condition || table.Text("ref_type") != "REGULAR")
        {
            return;
        }

        // Rows of a preserved side appear whether or not the condition holds.
        var (onLeft, onRight) = table.Text("join_type") switch
        {
            "INNER" or "SEMI" => (true, true),
            "LEFT" or "ANTI" => (false, true),
            "RIGHT" => (true, false),
            _ => (false, false),
        };
        if (onLeft)
        {
            Apply(condition, left, reader);
        }

        if (onRight)
        {
            Apply(condition, right, reader);
        }
    }

    private void Apply(JsonObject condition, JsonObject below, ConditionReader reader)
    {
        foreach (var part in Conjuncts(condition))
        {
            if (reader.Read(part) is { } found && Reaches(below, found.Table.Node, found.Condition.RejectsNull))
            {
                Add(found.Table, found.Condition);
            }
        }
    }

    private void Add(TableOccurrence table, Condition condition)
    {
        if (!_found.TryGetValue(table, out var list))
        {
            _found[table] = list = [];
        }

        list.Add(condition);
    }

    private static IEnumerable<JsonObject> Conjuncts(JsonObject condition) =>
        condition.Text("type") == "CONJUNCTION_AND" ? condition.Objects("children").SelectMany(Conjuncts) : [condition];

    /// <summary>Whether leaving out rows of the target that fail a condition on the output of <paramref name="table"/> is safe.</summary>
    private static bool Reaches(JsonObject table, JsonObject target, bool rejectsNull)
    {
        if (table["sample"] is not null)
        {
            return false;
        }

        if (ReferenceEquals(table, target))
        {
            return true;
        }

        if (table.Text("type") != "JOIN" || table.Text("ref_type") is not ("REGULAR" or "CROSS" or "NATURAL")
            || table["left"] is not JsonObject left || table["right"] is not JsonObject right)
        {
            return false;
        }

        // On a side that may be filled up with nulls, a row left out turns its partner into a null row, which the condition must reject too.
        var (intoLeft, intoRight) = table.Text("join_type") switch
        {
            "INNER" => (true, true),
            "LEFT" => (true, rejectsNull),
            "RIGHT" => (rejectsNull, true),
            "OUTER" or "FULL" => (rejectsNull, rejectsNull),
            "SEMI" or "ANTI" => (true, false),
            _ => (false, false),
        };
        return (intoLeft && Reaches(left, target, rejectsNull)) || (intoRight && Reaches(right, target, rejectsNull));
    }
}
