using System.Text.Json;

namespace LakePortal.Iceberg.Avro;

/// <summary>An Avro schema with the attributes that Iceberg adds (<c>field-id</c>, logical types).</summary>
internal abstract record AvroSchema
{
    public static AvroSchema Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return AvroSchemaParser.Parse(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new InvalidMetadataException("Avro schema", "it is not JSON", e);
        }
    }
}

internal enum AvroPrimitiveKind
{
    Null, Boolean, Int, Long, Float, Double, Bytes, String,
}

internal sealed record AvroPrimitive(AvroPrimitiveKind Kind, string? LogicalType = null) : AvroSchema;

internal sealed record AvroFixed(string Name, int Size, string? LogicalType = null) : AvroSchema;

internal sealed record AvroEnum(string Name, IReadOnlyList<string> Symbols) : AvroSchema;

internal sealed record AvroArray(AvroSchema Items) : AvroSchema
{
    /// <summary>Iceberg's maps with int keys (column statistics) are decoded straight into dictionaries: they are most of a manifest.</summary>
    public AvroPrimitiveKind? IntMapValue { get; } =
        Items is AvroRecordSchema
        {
            Fields: [{ Name: "key", Schema: AvroPrimitive { Kind: AvroPrimitiveKind.Int } }, { Name: "value", Schema: AvroPrimitive { Kind: AvroPrimitiveKind.Long or AvroPrimitiveKind.Bytes } value }]
        }
            ? value.Kind
            : null;
}

internal sealed record AvroMap(AvroSchema Values) : AvroSchema;

internal sealed record AvroUnion(IReadOnlyList<AvroSchema> Branches) : AvroSchema;

internal sealed record AvroField(string Name, int? FieldId, AvroSchema Schema)
{
    /// <summary>The name before it was made a valid Avro name.</summary>
    public string? OriginalName { get; init; }
}

internal sealed record AvroRecordSchema(string Name) : AvroSchema
{
    // Set once after construction: a record may refer to itself.
    public IReadOnlyList<AvroField> Fields { get; set; } = [];

    /// <summary>Position of a field: by id first, then by the names in order (writers that leave ids out, old names). -1: absent.</summary>
    public int IndexOf(int fieldId, params ReadOnlySpan<string> names)
    {
        for (var i = 0; i < Fields.Count; i++)
        {
            if (Fields[i].FieldId == fieldId)
            {
                return i;
            }
        }

        foreach (var name in names)
        {
            for (var i = 0; i < Fields.Count; i++)
            {
                if (Fields[i].FieldId is null && (Fields[i].Name == name || Fields[i].OriginalName == name))
                {
                    return i;
                }
            }
        }

        return -1;
    }

    public bool Equals(AvroRecordSchema? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}

/// <summary>One decoded record: values in the order of the schema's fields. Arrays are <c>List&lt;object?&gt;</c> (int-keyed maps: dictionaries), bytes and fixed are <c>byte[]</c>.</summary>
internal sealed record AvroRecord(AvroRecordSchema Schema, object?[] Values);
