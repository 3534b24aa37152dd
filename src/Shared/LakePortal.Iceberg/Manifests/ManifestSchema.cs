using System.Globalization;
using System.Text;
using System.Text.Json;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Manifests;

/// <summary>The Avro schema of manifests (specification, section "Manifests"), with the partition tuple of one spec.</summary>
internal static class ManifestSchema
{
    private const string Head =
        """{"type":"record","name":"manifest_entry","fields":[{"name":"status","type":"int","field-id":0},{"name":"snapshot_id","type":["null","long"],"default":null,"field-id":1},{"name":"sequence_number","type":["null","long"],"default":null,"field-id":3},{"name":"file_sequence_number","type":["null","long"],"default":null,"field-id":4},{"name":"data_file","type":{"type":"record","name":"r2","fields":[{"name":"content","type":"int","doc":"Contents of the file: 0=data, 1=position deletes, 2=equality deletes","field-id":134},{"name":"file_path","type":"string","doc":"Location URI with FS scheme","field-id":100},{"name":"file_format","type":"string","doc":"File format name: avro, orc, or parquet","field-id":101},{"name":"partition","type":{"type":"record","name":"r102","fields":""";

    private const string Tail =
        """},"doc":"Partition data tuple, schema based on the partition spec","field-id":102},{"name":"record_count","type":"long","doc":"Number of records in the file","field-id":103},{"name":"file_size_in_bytes","type":"long","doc":"Total file size in bytes","field-id":104},{"name":"column_sizes","type":["null",{"type":"array","items":{"type":"record","name":"k117_v118","fields":[{"name":"key","type":"int","field-id":117},{"name":"value","type":"long","field-id":118}]},"logicalType":"map"}],"doc":"Map of column id to total size on disk","default":null,"field-id":108},{"name":"value_counts","type":["null",{"type":"array","items":{"type":"record","name":"k119_v120","fields":[{"name":"key","type":"int","field-id":119},{"name":"value","type":"long","field-id":120}]},"logicalType":"map"}],"doc":"Map of column id to total count, including null and NaN","default":null,"field-id":109},{"name":"null_value_counts","type":["null",{"type":"array","items":{"type":"record","name":"k121_v122","fields":[{"name":"key","type":"int","field-id":121},{"name":"value","type":"long","field-id":122}]},"logicalType":"map"}],"doc":"Map of column id to null value count","default":null,"field-id":110},{"name":"nan_value_counts","type":["null",{"type":"array","items":{"type":"record","name":"k138_v139","fields":[{"name":"key","type":"int","field-id":138},{"name":"value","type":"long","field-id":139}]},"logicalType":"map"}],"doc":"Map of column id to number of NaN values in the column","default":null,"field-id":137},{"name":"lower_bounds","type":["null",{"type":"array","items":{"type":"record","name":"k126_v127","fields":[{"name":"key","type":"int","field-id":126},{"name":"value","type":"bytes","field-id":127}]},"logicalType":"map"}],"doc":"Map of column id to lower bound","default":null,"field-id":125},{"name":"upper_bounds","type":["null",{"type":"array","items":{"type":"record","name":"k129_v130","fields":[{"name":"key","type":"int","field-id":129},{"name":"value","type":"bytes","field-id":130}]},"logicalType":"map"}],"doc":"Map of column id to upper bound","default":null,"field-id":128},{"name":"key_metadata","type":["null","bytes"],"doc":"Encryption key metadata blob","default":null,"field-id":131},{"name":"split_offsets","type":["null",{"type":"array","items":"long","element-id":133}],"doc":"Splittable offsets","default":null,"field-id":132},{"name":"equality_ids","type":["null",{"type":"array","items":"int","element-id":136}],"doc":"Equality comparison field IDs","default":null,"field-id":135},{"name":"sort_order_id","type":["null","int"],"doc":"Sort order ID","default":null,"field-id":140},{"name":"referenced_data_file","type":["null","string"],"doc":"Fully qualified location (URI with FS scheme) of a data file that all deletes reference","default":null,"field-id":143}]},"field-id":2}]}""";

    public static string Text(PartitionSpec spec, IReadOnlyList<(PrimitiveType? Source, PrimitiveType Result)> types)
    {
        var fields = new StringBuilder("[");
        var names = new HashSet<string>(StringComparer.Ordinal);
        var defined = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < spec.Fields.Count; i++)
        {
            var field = spec.Fields[i];
            var name = ValidName(field.Name);
            if (!names.Add(name))
            {
                name = $"{name}_{field.FieldId}";
                names.Add(name);
            }

            fields.Append(i > 0 ? "," : "")
                .Append(CultureInfo.InvariantCulture, $$"""{"name":"{{name}}","type":["null",{{AvroType(types[i].Result, defined)}}],"default":null,"field-id":{{field.FieldId}}""");
            if (name != field.Name)
            {
                fields.Append(CultureInfo.InvariantCulture, $",\"iceberg-field-name\":{JsonSerializer.Serialize(field.Name)}");
            }

            fields.Append('}');
        }

        return $"{Head}{fields.Append(']')}{Tail}";
    }

    /// <summary>Avro names are letters, digits and underscores; what else a column's name has is written as its code.</summary>
    internal static string ValidName(string name)
    {
        var result = new StringBuilder();
        foreach (var c in name)
        {
            if (char.IsAsciiLetter(c) || c == '_' || (char.IsAsciiDigit(c) && result.Length > 0))
            {
                result.Append(c);
            }
            else if (char.IsAsciiDigit(c))
            {
                result.Append('_').Append(c);
            }
            else
            {
                result.Append(CultureInfo.InvariantCulture, $"_x{(int)c:X}");
            }
        }

        return result.Length == 0 ? "_" : result.ToString();
    }

    private static string AvroType(PrimitiveType type, HashSet<string> defined)
    {
        switch (type.Kind)
        {
            case PrimitiveKind.Boolean:
                return "\"boolean\"";
            case PrimitiveKind.Int:
                return "\"int\"";
            case PrimitiveKind.Long:
                return "\"long\"";
            case PrimitiveKind.Float:
                return "\"float\"";
            case PrimitiveKind.Double:
                return "\"double\"";
            case PrimitiveKind.Date:
                return """{"type":"int","logicalType":"date"}""";
            case PrimitiveKind.Time:
                return """{"type":"long","logicalType":"time-micros"}""";
            case PrimitiveKind.Timestamp:
                return """{"type":"long","logicalType":"timestamp-micros","adjust-to-utc":false}""";
            case PrimitiveKind.TimestampTz:
                return """{"type":"long","logicalType":"timestamp-micros","adjust-to-utc":true}""";
            case PrimitiveKind.TimestampNs:
                return """{"type":"long","logicalType":"timestamp-nanos","adjust-to-utc":false}""";
            case PrimitiveKind.TimestampTzNs:
                return """{"type":"long","logicalType":"timestamp-nanos","adjust-to-utc":true}""";
            case PrimitiveKind.Binary:
                return "\"bytes\"";
            case PrimitiveKind.Uuid:
                return Named("uuid_fixed", """{"type":"fixed","name":"uuid_fixed","size":16,"logicalType":"uuid"}""", defined);
            case PrimitiveKind.Fixed:
                return Named($"fixed_{type.Length}", $$"""{"type":"fixed","name":"fixed_{{type.Length}}","size":{{type.Length}}}""", defined);
            case PrimitiveKind.Decimal:
                var name = $"decimal_{type.Precision}_{type.Scale}";
                return Named(
                    name,
                    $$"""{"type":"fixed","name":"{{name}}","size":{{PartitionValues.DecimalBytes(type.Precision)}},"logicalType":"decimal","precision":{{type.Precision}},"scale":{{type.Scale}}}""",
                    defined);
            default:
                return "\"string\"";
        }
    }

    private static string Named(string name, string definition, HashSet<string> defined) => defined.Add(name) ? definition : $"\"{name}\"";
}
