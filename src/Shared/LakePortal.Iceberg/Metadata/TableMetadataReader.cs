using System.Globalization;
using System.Text.Json;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Metadata;

internal static class TableMetadataReader
{
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "format-version", "table-uuid", "location", "last-sequence-number", "last-updated-ms", "last-column-id", "schemas", "current-schema-id", "schema",
        "partition-specs", "default-spec-id", "partition-spec", "last-partition-id", "sort-orders", "default-sort-order-id", "properties",
        "current-snapshot-id", "snapshots", "snapshot-log", "metadata-log", "refs",
    };

    private static readonly HashSet<string> KnownInSnapshot = new(StringComparer.Ordinal)
    {
        "snapshot-id", "parent-snapshot-id", "sequence-number", "timestamp-ms", "manifest-list", "manifests", "summary", "schema-id",
    };

    public static TableMetadata Read(JsonReader json)
    {
        var version = json.Int("format-version");
        if (version is < 1 or > 3)
        {
            throw new InvalidMetadataException("table metadata", $"its format version {version} is not known (1, 2, 3)");
        }

        var schemas = ReadSchemas(json, out var currentSchemaId);
        var specs = ReadSpecs(json, out var defaultSpecId);
        var orders = json.OptionalArray("sort-orders").Select(PartitionSpecJson.ReadSortOrder).ToList();
        if (orders.Count == 0)
        {
            orders.Add(new SortOrder(0, []));
        }

        // -1, null and nothing at all mean the same: no snapshot yet.
        var current = json.OptionalLong("current-snapshot-id") is { } id and not -1 ? id : (long?)null;
        var snapshots = json.OptionalArray("snapshots").Select(ReadSnapshot).ToList();
        var metadata = new TableMetadata
        {
            FormatVersion = version,
            TableUuid = ReadUuid(json, version),
            Location = TrimSlash(json.Text("location")),
            LastSequenceNumber = version == 1 ? json.OptionalLong("last-sequence-number") ?? 0 : json.Long("last-sequence-number"),
            LastUpdated = Time(json, "last-updated-ms"),
            LastColumnId = json.Int("last-column-id"),
            Schemas = schemas,
            CurrentSchemaId = currentSchemaId,
            PartitionSpecs = specs,
            DefaultSpecId = defaultSpecId,
            LastPartitionId = json.OptionalInt("last-partition-id") ?? specs.SelectMany(s => s.Fields).Select(f => f.FieldId).DefaultIfEmpty(999).Max(),
            SortOrders = orders,
            DefaultSortOrderId = json.OptionalInt("default-sort-order-id") ?? 0,
            Properties = json.OptionalTextMap("properties"),
            CurrentSnapshotId = current,
            Snapshots = snapshots,
            SnapshotLog = [.. json.OptionalArray("snapshot-log").Select(e => new SnapshotLogEntry(Time(e, "timestamp-ms"), e.Long("snapshot-id")))],
            MetadataLog = [.. json.OptionalArray("metadata-log").Select(e => new MetadataLogEntry(Time(e, "timestamp-ms"), e.Text("metadata-file")))],
            Refs = ReadRefs(json, current),
            Extra = Unknown(json, Known),
        };
        Check(metadata);
        return metadata;
    }

    private static void Check(TableMetadata metadata)
    {
        if (metadata.Schemas.All(s => s.SchemaId != metadata.CurrentSchemaId))
        {
            throw new InvalidMetadataException("table metadata", $"the current schema {metadata.CurrentSchemaId} is missing");
        }

        if (metadata.PartitionSpecs.All(s => s.SpecId != metadata.DefaultSpecId))
        {
            throw new InvalidMetadataException("table metadata", $"the default partition spec {metadata.DefaultSpecId} is missing");
        }

        if (metadata.CurrentSnapshotId is { } id && metadata.FindSnapshot(id) is null)
        {
            throw new InvalidMetadataException("table metadata", $"the current snapshot {id} is missing");
        }
    }

    private static List<Schema> ReadSchemas(JsonReader json, out int currentId)
    {
        var schemas = json.OptionalArray("schemas").Select(s => SchemaJson.Read(s.Element)).ToList();
        if (schemas.Count > 0)
        {
            currentId = json.Int("current-schema-id");
            return schemas;
        }

        // Version 1 before schema ids.
        var schema = SchemaJson.Read(json.Get("schema").Element);
        currentId = schema.SchemaId;
        return [schema];
    }

    private static List<PartitionSpec> ReadSpecs(JsonReader json, out int defaultId)
    {
        var specs = json.OptionalArray("partition-specs").Select(PartitionSpecJson.Read).ToList();
        if (specs.Count > 0)
        {
            defaultId = json.Int("default-spec-id");
            return specs;
        }

        defaultId = json.OptionalInt("default-spec-id") ?? 0;
        return [new PartitionSpec(defaultId, PartitionSpecJson.ReadFields(json.Array("partition-spec")))];
    }

    private static Snapshot ReadSnapshot(JsonReader json)
    {
        var manifests = json.OptionalArray("manifests").Select(m => m.AsText()).ToList();
        return new Snapshot(
            json.Long("snapshot-id"),
            json.OptionalLong("parent-snapshot-id") is { } parent and not -1 ? parent : null,
            json.OptionalLong("sequence-number") ?? 0,
            Time(json, "timestamp-ms"),
            json.OptionalText("manifest-list") ?? (manifests.Count > 0 ? "" : throw new InvalidMetadataException(json.Path, "'manifest-list' is missing")),
            json.OptionalTextMap("summary"),
            json.OptionalInt("schema-id"))
        {
            Manifests = manifests.Count > 0 ? manifests : null,
            Extra = Unknown(json, KnownInSnapshot),
        };
    }

    private static Dictionary<string, SnapshotRef> ReadRefs(JsonReader json, long? current)
    {
        var refs = new Dictionary<string, SnapshotRef>(StringComparer.Ordinal);
        if (json.TryGet("refs", out var all))
        {
            foreach (var (name, value) in all.Properties())
            {
                refs[name] = new SnapshotRef(
                    value.Long("snapshot-id"),
                    value.Text("type") == "tag",
                    value.OptionalInt("min-snapshots-to-keep"),
                    Span(value, "max-snapshot-age-ms"),
                    Span(value, "max-ref-age-ms"));
            }
        }

        if (current is { } id)
        {
            refs.TryAdd(SnapshotRef.Main, new SnapshotRef(id, false));
        }

        return refs;
    }

    private static Guid ReadUuid(JsonReader json, int version)
    {
        var text = json.OptionalText("table-uuid");
        return text is null && version == 1 ? Guid.Empty
            : Guid.TryParse(text, out var uuid) ? uuid : throw new InvalidMetadataException("table metadata", "'table-uuid' is missing or no uuid");
    }

    private static DateTimeOffset Time(JsonReader json, string name)
    {
        var millis = json.Long(name);
        return millis is >= -62_135_596_800_000 and <= 253_402_300_799_999
            ? DateTimeOffset.FromUnixTimeMilliseconds(millis)
            : throw new InvalidMetadataException(json.Path, $"'{name}' is {millis.ToString(CultureInfo.InvariantCulture)}, which is no time");
    }

    // Long.MAX_VALUE is what others write for "for ever".
    private static TimeSpan? Span(JsonReader json, string name) => json.OptionalLong(name) switch
    {
        null => null,
        > 0 and var ms when ms < TimeSpan.MaxValue.TotalMilliseconds => TimeSpan.FromMilliseconds(ms),
        <= 0 => throw new InvalidMetadataException(json.Path, $"'{name}' must be positive"),
        _ => TimeSpan.MaxValue,
    };

    private static string TrimSlash(string location) => location.Length > 1 ? location.TrimEnd('/') : location;

    private static Dictionary<string, JsonElement> Unknown(JsonReader json, HashSet<string> known) =>
        json.Element.EnumerateObject().Where(p => !known.Contains(p.Name)).ToDictionary(p => p.Name, p => p.Value.Clone(), StringComparer.Ordinal);
}
