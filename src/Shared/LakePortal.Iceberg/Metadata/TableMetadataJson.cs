using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Metadata;

/// <summary>The table's metadata file: JSON, possibly gzipped. Reads versions 1 to 3; writes version 2 as Java does; what it does not know it keeps.</summary>
public static class TableMetadataJson
{
    internal static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const int MaxBytes = 1 << 30;

    public static TableMetadata Read(ReadOnlyMemory<byte> file)
    {
        var json = file.Span.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]) ? Gunzip(file) : file;
        try
        {
            using var document = JsonDocument.Parse(json.Span.StartsWith(Encoding.UTF8.Preamble) ? json[3..] : json);
            return TableMetadataReader.Read(new JsonReader(document.RootElement, "table metadata"));
        }
        catch (JsonException e)
        {
            throw new InvalidMetadataException("table metadata", "it is not valid JSON", e);
        }
    }

    public static TableMetadata Parse(string text) => Read(Encoding.UTF8.GetBytes(text));

    public static byte[] Write(TableMetadata metadata, bool gzip = false)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        var json = Encoding.UTF8.GetBytes(TableMetadataWriter.Write(metadata).ToJsonString(Compact));
        if (!gzip)
        {
            return json;
        }

        using var output = new MemoryStream();
        using (var stream = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true))
        {
            stream.Write(json);
        }

        return output.ToArray();
    }

    private static ReadOnlyMemory<byte> Gunzip(ReadOnlyMemory<byte> file)
    {
        try
        {
            using var input = new GZipStream(new MemoryStream(file.ToArray()), CompressionMode.Decompress);
            using var output = new MemoryStream();
            var buffer = new byte[81920];
            for (var read = input.Read(buffer); read > 0; read = input.Read(buffer))
            {
                output.Write(buffer, 0, read);
                if (output.Length > MaxBytes)
                {
                    throw new InvalidMetadataException("table metadata", "it is larger than 1 GB");
                }
            }

            return output.ToArray();
        }
        catch (InvalidDataException e)
        {
            throw new InvalidMetadataException("table metadata", "its compression is damaged", e);
        }
    }
}
