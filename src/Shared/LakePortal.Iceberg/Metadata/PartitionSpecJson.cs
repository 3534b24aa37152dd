using System.Text.Json.Nodes;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Metadata;

/// <summary>Partition specs and sort orders as JSON (specification, appendix C).</summary>
internal static class PartitionSpecJson
{
    public static PartitionSpec Read(JsonReader json) => new(json.Int("spec-id"), ReadFields(json.Array("fields")));

    /// <summary>Version 1 may leave field ids out: they count up from 1000.</summary>
    public static IReadOnlyList<PartitionField> ReadFields(IEnumerable<JsonReader> fields) =>
        [.. fields.Select((f, i) => new PartitionField(ReadSource(f, out var multiple), f.OptionalInt("field-id") ?? 1000 + i, f.Text("name"), ReadTransform(f, multiple)))];

    public static JsonObject Write(PartitionSpec spec) => new() { ["spec-id"] = spec.SpecId, ["fields"] = WriteFields(spec) };

    public static JsonArray WriteFields(PartitionSpec spec) => new(
    [
        .. spec.Fields.Select(f => (JsonNode)new JsonObject
        {
            ["name"] = f.Name, ["transform"] = f.Transform.ToString(), ["source-id"] = f.SourceId, ["field-id"] = f.FieldId,
        }),
    ]);

    public static SortOrder ReadSortOrder(JsonReader json) => new(
        json.Int("order-id"),
        [.. json.Array("fields").Select(f => new SortField(
            ReadSource(f, out var multiple),
            ReadTransform(f, multiple),
            f.Text("direction") == "desc",
            f.Text("null-order") == "nulls-last"))]);

    public static JsonObject WriteSortOrder(SortOrder order) => new()
    {
        ["order-id"] = order.OrderId,
        ["fields"] = new JsonArray(
        [
            .. order.Fields.Select(f => (JsonNode)new JsonObject
            {
                ["transform"] = f.Transform.ToString(), ["source-id"] = f.SourceId, ["direction"] = f.Descending ? "desc" : "asc", ["null-order"] = f.NullsLast ? "nulls-last" : "nulls-first",
            }),
        ]),
    };

    // Version 3 transforms of several columns are none that we know.
    private static Transform ReadTransform(JsonReader field, bool multiple) =>
        multiple ? new Transform(field.Text("transform")) : Transforms.Parse(field.Text("transform"));

    private static int ReadSource(JsonReader field, out bool multiple)
    {
        multiple = false;
        if (field.OptionalInt("source-id") is { } id)
        {
            return id;
        }

        var ids = field.Array("source-ids").Select(i => i.AsInt()).ToList();
        multiple = ids.Count > 1;
        return ids.Count > 0 ? ids[0] : throw new InvalidMetadataException(field.Path, "it has no source column");
    }
}
