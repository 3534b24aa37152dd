namespace LakePortal.Iceberg.Avro;

/// <summary>Typed access to a record's values; an index of -1 is an absent field.</summary>
internal readonly struct AvroRow(AvroRecord record, string subject)
{
    public object? this[int index] => index < 0 ? null : record.Values[index];

    public string Text(int index, string name) => this[index] switch
    {
        string text => text,
        byte[] bytes => System.Text.Encoding.UTF8.GetString(bytes),
        _ => throw Missing(name),
    };

    public string? OptionalText(int index) => this[index] as string;

    public long Long(int index, string name) => OptionalLong(index) ?? throw Missing(name);

    public int Int(int index, string name) => OptionalInt(index) ?? throw Missing(name);

    public long? OptionalLong(int index) => this[index] switch
    {
        null => null,
        long l => l,
        int i => i,
        _ => throw new InvalidMetadataException(subject, $"field {index} is not a number"),
    };

    public int? OptionalInt(int index) => OptionalLong(index) switch
    {
        null => null,
        >= int.MinValue and <= int.MaxValue and var value => (int)value,
        _ => throw new InvalidMetadataException(subject, $"field {index} does not fit 32 bits"),
    };

    public bool? Boolean(int index) => this[index] as bool?;

    public byte[]? Bytes(int index) => this[index] as byte[];

    public List<object?>? List(int index) => this[index] as List<object?>;

    public AvroRecord? Record(int index) => this[index] as AvroRecord;

    private InvalidMetadataException Missing(string name) => new(subject, $"'{name}' is missing");
}
