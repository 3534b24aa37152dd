using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Metadata;

internal static class TableMetadataWriter
{
    public static JsonObject Write(TableMetadata m)
    {
        var json = new JsonObject
        {
            ["format-version"] = m.FormatVersion,
            ["table-uuid"] = m.TableUuid.ToString(),
            ["location"] = m.Location,
        };
        if (m.FormatVersion > 1)
        {
            json["last-sequence-number"] = m.LastSequenceNumber;
        }

        json["last-updated-ms"] = m.LastUpdated.ToUnixTimeMilliseconds();
        json["last-column-id"] = m.LastColumnId;
        if (m.FormatVersion == 1)
        {
            json["schema"] = SchemaJson.Write(m.CurrentSchema);
            json["partition-spec"] = PartitionSpecJson.WriteFields(m.DefaultSpec);
        }

        json["current-schema-id"] = m.CurrentSchemaId;
        json["schemas"] = new JsonArray([.. m.Schemas.Select(s => (JsonNode)SchemaJson.Write(s))]);
        json["default-spec-id"] = m.DefaultSpecId;
        json["partition-specs"] = new JsonArray([.. m.PartitionSpecs.Select(s => (JsonNode)PartitionSpecJson.Write(s))]);
        json["last-partition-id"] = m.LastPartitionId;
        json["default-sort-order-id"] = m.DefaultSortOrderId;
        json["sort-orders"] = new JsonArray([.. m.SortOrders.Select(o => (JsonNode)PartitionSpecJson.WriteSortOrder(o))]);
        json["properties"] = Map(m.Properties);

        // Version 3 knows null; before it, Java writes and expects -1.
        json["current-snapshot-id"] = m.CurrentSnapshotId ?? (m.FormatVersion >= 3 ? (long?)null : -1);
        json["refs"] = WriteRefs(m.Refs);
        json["snapshots"] = new JsonArray([.. m.Snapshots.Select(s => (JsonNode)WriteSnapshot(s, m.FormatVersion))]);
        if (!m.Extra.ContainsKey("statistics"))
        {
            json["statistics"] = new JsonArray();
        }

        if (!m.Extra.ContainsKey("partition-statistics"))
        {
            json["partition-statistics"] = new JsonArray();
        }

        foreach (var (key, value) in m.Extra)
        {
            json[key] = Node(value);
        }

        json["snapshot-log"] = new JsonArray(
            [.. m.SnapshotLog.Select(e => (JsonNode)new JsonObject { ["timestamp-ms"] = e.Timestamp.ToUnixTimeMilliseconds(), ["snapshot-id"] = e.SnapshotId })]);
        json["metadata-log"] = new JsonArray(
            [.. m.MetadataLog.Select(e => (JsonNode)new JsonObject { ["timestamp-ms"] = e.Timestamp.ToUnixTimeMilliseconds(), ["metadata-file"] = e.MetadataFile })]);
        return json;
    }

    private static JsonObject WriteSnapshot(Snapshot s, int formatVersion)
    {
        var json = new JsonObject();
        if (formatVersion > 1)
        {
            json["sequence-number"] = s.SequenceNumber;
        }

        json["snapshot-id"] = s.SnapshotId;
        if (s.ParentSnapshotId is { } parent)
        {
            json["parent-snapshot-id"] = parent;
        }

        json["timestamp-ms"] = s.Timestamp.ToUnixTimeMilliseconds();
        if (s.Summary.Count > 0)
        {
            json["summary"] = Map(s.Summary);
        }

        if (s.Manifests is { } manifests)
        {
            json["manifests"] = new JsonArray([.. manifests.Select(m => (JsonNode)m)]);
        }
        else
        {
            json["manifest-list"] = s.ManifestList;
        }

        if (s.SchemaId is { } schemaId)
        {
            json["schema-id"] = schemaId;
        }

        foreach (var (key, value) in s.Extra)
        {
            json[key] = Node(value);
        }

        return json;
    }

    private static JsonObject WriteRefs(IReadOnlyDictionary<string, SnapshotRef> refs)
    {
        var json = new JsonObject();
        foreach (var (name, r) in refs)
        {
            var item = new JsonObject { ["snapshot-id"] = r.SnapshotId, ["type"] = r.IsTag ? "tag" : "branch" };
            if (r.MinSnapshotsToKeep is { } keep)
            {
                item["min-snapshots-to-keep"] = keep;
            }

            Span(item, "max-snapshot-age-ms", r.MaxSnapshotAge);
            Span(item, "max-ref-age-ms", r.MaxRefAge);
            json[name] = item;
        }

        return json;
    }

    private static void Span(JsonObject json, string name, TimeSpan? span)
    {
        if (span is { } value)
        {
            json[name] = value == TimeSpan.MaxValue ? long.MaxValue : (long)value.TotalMilliseconds;
        }
    }

    private static JsonObject Map(IReadOnlyDictionary<string, string> map)
    {
        var json = new JsonObject();
        foreach (var (key, value) in map)
        {
            json[key] = value;
        }

        return json;
    }

    private static JsonNode? Node(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => JsonObject.Create(element),
        JsonValueKind.Array => JsonArray.Create(element),
        JsonValueKind.Null => null,
        _ => JsonValue.Create(element),
    };
}
