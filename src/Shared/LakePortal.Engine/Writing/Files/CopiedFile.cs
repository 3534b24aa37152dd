using System.Globalization;
using DuckDB.NET.Data;

namespace LakePortal.Engine.Writing.Files;

/// <summary>A row of COPY … RETURN_STATS.</summary>
internal sealed record CopiedFile(
    string LocalPath, long Rows, long Bytes, Dictionary<string, Dictionary<string, string>> Statistics, Dictionary<string, string?> PartitionKeys)
{
    public static CopiedFile Read(DuckDBDataReader reader) => new(
        reader.GetString(reader.GetOrdinal("filename")),
        Convert.ToInt64(reader.GetValue(reader.GetOrdinal("count")), CultureInfo.InvariantCulture),
        Convert.ToInt64(reader.GetValue(reader.GetOrdinal("file_size_bytes")), CultureInfo.InvariantCulture),
        reader.GetFieldValue<Dictionary<string, Dictionary<string, string>>>(reader.GetOrdinal("column_statistics")),
        Keys(reader, reader.GetOrdinal("partition_keys")));

    private static Dictionary<string, string?> Keys(DuckDBDataReader reader, int column)
    {
        if (reader.IsDBNull(column))
        {
            return [];
        }

        // The map's declared value type does not tell DuckDB.NET that values may be null; the untyped one keeps them.
        var keys = new Dictionary<string, string?>();
        foreach (System.Collections.DictionaryEntry entry in (System.Collections.IDictionary)reader.GetValue(column))
        {
            keys.Add((string)entry.Key, entry.Value as string);
        }

        return keys;
    }
}
