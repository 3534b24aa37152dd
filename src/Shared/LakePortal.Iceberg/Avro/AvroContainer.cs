using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace LakePortal.Iceberg.Avro;

/// <summary>
/// Avro object container files. Our own, because the Avro library drops <c>logicalType: map</c> from arrays and does not let a writer set the
/// schema text, both of which the table format needs.
/// </summary>
internal static class AvroContainer
{
    private const int BlockBytes = 64 * 1024;
    private const int MaxBlockBytes = 1 << 30;

    private static ReadOnlySpan<byte> Magic => "Obj\u0001"u8;

    /// <param name="Metadata">Key-value metadata, the schema included.</param>
    /// <param name="Schema">Schema of the writer.</param>
    /// <param name="Records">The records in file order.</param>
    public sealed record Content(IReadOnlyDictionary<string, string> Metadata, AvroRecordSchema Schema, IReadOnlyList<AvroRecord> Records);

    public static Content Read(ReadOnlySpan<byte> file)
    {
        if (!file.StartsWith(Magic))
        {
            throw new InvalidMetadataException("Avro file", "it is not an Avro file");
        }

        var decoder = new AvroDecoder(file[4..]);
        var metadata = ReadMetadata(ref decoder);
        if (!metadata.TryGetValue("avro.schema", out var schemaText) || AvroSchema.Parse(schemaText) is not AvroRecordSchema schema)
        {
            throw new InvalidMetadataException("Avro file", "it has no schema of a record");
        }

        var codec = metadata.GetValueOrDefault("avro.codec", "null");
        if (codec is not ("null" or "deflate"))
        {
            throw new InvalidMetadataException("Avro file", $"its codec '{codec}' is not supported (null, deflate)");
        }

        var sync = decoder.ReadFixed(16);
        var records = new List<AvroRecord>();
        while (!decoder.IsAtEnd)
        {
            var count = decoder.ReadLong();
            var block = decoder.ReadFixed(decoder.ReadLong());
            if (!decoder.ReadFixed(16).SequenceEqual(sync))
            {
                throw new InvalidMetadataException("Avro file", "a sync marker is wrong");
            }

            var blockDecoder = new AvroDecoder(codec == "deflate" ? Inflate(block) : block);
            for (var i = 0L; i < count; i++)
            {
                if (blockDecoder.IsAtEnd)
                {
                    throw new InvalidMetadataException("Avro file", "a block has fewer records than it says");
                }

                records.Add((AvroRecord)blockDecoder.Read(schema)!);
            }
        }

        return new Content(metadata, schema, records);
    }

    /// <param name="schema">Schema as JSON text, written as it is.</param>
    /// <param name="metadata">Further key-value metadata.</param>
    /// <param name="records">Each writes one record.</param>
    public static byte[] Write(string schema, IEnumerable<KeyValuePair<string, string>> metadata, IEnumerable<Action<AvroEncoder>> records)
    {
        using var output = new MemoryStream();
        var sync = RandomNumberGenerator.GetBytes(16);
        WriteHeader(output, schema, metadata, sync);
        var block = new AvroEncoder();
        var count = 0;
        foreach (var record in records)
        {
            record(block);
            count++;
            if (block.Length >= BlockBytes)
            {
                WriteBlock(output, block, count, sync);
                count = 0;
            }
        }

        if (count > 0)
        {
            WriteBlock(output, block, count, sync);
        }

        return output.ToArray();
    }

    private static Dictionary<string, string> ReadMetadata(ref AvroDecoder decoder)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var count = decoder.ReadLong(); count != 0; count = decoder.ReadLong())
        {
            if (count < 0)
            {
                count = -count;
                decoder.ReadLong();
            }

            for (var i = 0L; i < count; i++)
            {
                var key = decoder.ReadString();
                metadata[key] = decoder.ReadString();
            }
        }

        return metadata;
    }

    private static byte[] Inflate(ReadOnlySpan<byte> block)
    {
        try
        {
            using var input = new DeflateStream(new MemoryStream(block.ToArray()), CompressionMode.Decompress);
            using var output = new MemoryStream();
            var buffer = new byte[81920];
            for (var read = input.Read(buffer); read > 0; read = input.Read(buffer))
            {
                output.Write(buffer, 0, read);
                if (output.Length > MaxBlockBytes)
                {
                    throw new InvalidMetadataException("Avro file", "a block is larger than 1 GB");
                }
            }

            return output.ToArray();
        }
        catch (InvalidDataException e)
        {
            throw new InvalidMetadataException("Avro file", "a compressed block is damaged", e);
        }
    }

    private static void WriteHeader(MemoryStream output, string schema, IEnumerable<KeyValuePair<string, string>> metadata, byte[] sync)
    {
        var header = new AvroEncoder();
        header.WriteFixed(Magic);
        var all = new List<KeyValuePair<string, string>>(metadata) { new("avro.schema", schema), new("avro.codec", "deflate") };
        header.WriteLong(all.Count);
        foreach (var (key, value) in all)
        {
            header.WriteString(key);
            header.WriteBytes(Encoding.UTF8.GetBytes(value));
        }

        header.WriteLong(0);
        header.WriteFixed(sync);
        output.Write(header.Written);
    }

    private static void WriteBlock(MemoryStream output, AvroEncoder block, int count, byte[] sync)
    {
        using var compressed = new MemoryStream();
        using (var deflate = new DeflateStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(block.Written);
        }

        var head = new AvroEncoder();
        head.WriteLong(count);
        head.WriteLong(compressed.Length);
        output.Write(head.Written);
        compressed.Position = 0;
        compressed.CopyTo(output);
        output.Write(sync);
        block.Clear();
    }
}
