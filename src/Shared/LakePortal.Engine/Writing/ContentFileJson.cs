using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Engine.Writing;

/// <summary>
/// Content files as JSON, exactly: for writers that record what they have written and commit it after a restart. Values carry their type;
/// bounds and binary values are base64; floating-point values are their bits.
/// </summary>
public static class ContentFileJson
{
    public static string Write(IReadOnlyList<ContentFile> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        return new JsonArray([.. files.Select(f => (JsonNode)File(f))]).ToJsonString();
    }

    /// <exception cref="JsonException">Not a text that <see cref="Write"/> made.</exception>
    public static IReadOnlyList<ContentFile> Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        try
        {
            return [.. document.RootElement.EnumerateArray().Select(File)];
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new JsonException($"The text is not a list of content files: {e.Message}", e);
        }
    }

    private static JsonObject File(ContentFile f)
    {
        var node = new JsonObject
        {
            ["content"] = (int)f.Content,
            ["path"] = f.Path,
            ["format"] = f.Format,
            ["spec"] = f.SpecId,
            ["partition"] = new JsonArray([.. f.Partition.Select(Value)]),
            ["rows"] = f.RecordCount,
            ["bytes"] = f.FileSizeInBytes,
        };
        Put(node, "sizes", f.ColumnSizes, v => v);
        Put(node, "values", f.ValueCounts, v => v);
        Put(node, "nulls", f.NullValueCounts, v => v);
        Put(node, "nans", f.NanValueCounts, v => v);
        Put(node, "lower", f.LowerBounds, v => Convert.ToBase64String(v));
        Put(node, "upper", f.UpperBounds, v => Convert.ToBase64String(v));
        if (f.SplitOffsets is { } offsets)
        {
            node["splits"] = new JsonArray([.. offsets.Select(o => (JsonNode)o)]);
        }

        if (f.EqualityIds is { } ids)
        {
            node["equality"] = new JsonArray([.. ids.Select(i => (JsonNode)i)]);
        }

        Put(node, "sort", f.SortOrderId);
        Put(node, "references", f.ReferencedDataFile);
        Put(node, "offset", f.ContentOffset);
        Put(node, "length", f.ContentSizeInBytes);
        Put(node, "sequence", f.DataSequenceNumber);
        Put(node, "fileSequence", f.FileSequenceNumber);
        return node;
    }

    private static ContentFile File(JsonElement e) => new()
    {
        Content = (FileContent)e.GetProperty("content").GetInt32(),
        Path = e.GetProperty("path").GetString()!,
        Format = e.GetProperty("format").GetString()!,
        SpecId = e.GetProperty("spec").GetInt32(),
        Partition = [.. e.GetProperty("partition").EnumerateArray().Select(Value)],
        RecordCount = e.GetProperty("rows").GetInt64(),
        FileSizeInBytes = e.GetProperty("bytes").GetInt64(),
        ColumnSizes = Map(e, "sizes", v => v.GetInt64()),
        ValueCounts = Map(e, "values", v => v.GetInt64()),
        NullValueCounts = Map(e, "nulls", v => v.GetInt64()),
        NanValueCounts = Map(e, "nans", v => v.GetInt64()),
        LowerBounds = Map(e, "lower", v => v.GetBytesFromBase64()),
        UpperBounds = Map(e, "upper", v => v.GetBytesFromBase64()),
        SplitOffsets = e.TryGetProperty("splits", out var splits) ? [.. splits.EnumerateArray().Select(v => v.GetInt64())] : null,
        EqualityIds = e.TryGetProperty("equality", out var ids) ? [.. ids.EnumerateArray().Select(v => v.GetInt32())] : null,
        SortOrderId = e.TryGetProperty("sort", out var sort) ? sort.GetInt32() : null,
        ReferencedDataFile = e.TryGetProperty("references", out var references) ? references.GetString() : null,
        ContentOffset = Long(e, "offset"),
        ContentSizeInBytes = Long(e, "length"),
        DataSequenceNumber = Long(e, "sequence"),
        FileSequenceNumber = Long(e, "fileSequence"),
    };

    private static JsonObject? Value(object? value) => value switch
    {
        null => null,
        bool b => new JsonObject { ["bool"] = b },
        int i => new JsonObject { ["int"] = i },
        long l => new JsonObject { ["long"] = l },
        float f => new JsonObject { ["float"] = BitConverter.SingleToInt32Bits(f) },
        double d => new JsonObject { ["double"] = BitConverter.DoubleToInt64Bits(d) },
        IcebergDecimal d => new JsonObject { ["decimal"] = d.Unscaled.ToString(CultureInfo.InvariantCulture), ["scale"] = d.Scale },
        string s => new JsonObject { ["string"] = s },
        Guid g => new JsonObject { ["uuid"] = g },
        byte[] b => new JsonObject { ["binary"] = Convert.ToBase64String(b) },
        _ => throw new ArgumentException($"A partition value cannot be a {value.GetType().Name}.", nameof(value)),
    };

    private static object? Value(JsonElement e)
    {
        if (e.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        var property = e.EnumerateObject().First();
        var v = property.Value;
        return property.Name switch
        {
            "bool" => v.GetBoolean(),
            "int" => v.GetInt32(),
            "long" => v.GetInt64(),
            "float" => BitConverter.Int32BitsToSingle(v.GetInt32()),
            "double" => BitConverter.Int64BitsToDouble(v.GetInt64()),
            "decimal" => new IcebergDecimal(System.Numerics.BigInteger.Parse(v.GetString()!, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture), e.GetProperty("scale").GetInt32()),
            "string" => v.GetString(),
            "uuid" => v.GetGuid(),
            "binary" => v.GetBytesFromBase64(),
            _ => throw new FormatException($"'{property.Name}' is not a kind of partition value"),
        };
    }

    private static void Put<T>(JsonObject node, string name, IReadOnlyDictionary<int, T>? map, Func<T, JsonNode> value)
    {
        if (map is not null)
        {
            node[name] = new JsonObject(map.Select(p => KeyValuePair.Create(p.Key.ToString(CultureInfo.InvariantCulture), (JsonNode?)value(p.Value))));
        }
    }

    private static void Put(JsonObject node, string name, JsonNode? value)
    {
        if (value is not null)
        {
            node[name] = value;
        }
    }

    private static Dictionary<int, T>? Map<T>(JsonElement e, string name, Func<JsonElement, T> value) =>
        e.TryGetProperty(name, out var map)
            ? map.EnumerateObject().ToDictionary(p => int.Parse(p.Name, CultureInfo.InvariantCulture), p => value(p.Value))
            : null;

    private static long? Long(JsonElement e, string name) => e.TryGetProperty(name, out var value) ? value.GetInt64() : null;
}
