using DuckDB.NET.Data;
using DuckDB.NET.Data.DataChunk.Reader;
using DuckDB.NET.Data.DataChunk.Writer;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Values;

namespace LakePortal.Engine.Writing.Partitions;

/// <summary>
/// The bucket transform's 32-bit murmur3 hash as scalar functions of a DuckDB instance: DuckDB has no such hash. Values that SQL cannot hand
/// over as they are hashed (decimal, uuid, binary) come as their exact text.
/// </summary>
internal static class BucketFunctions
{
    private const string Prefix = "lakeportal_hash_";

    // Functions belong to the instance, not to the connection; two writers on one instance must not register them both.
    private static readonly Lock Registering = new();

    public static void Register(DuckDBConnection connection)
    {
        lock (Registering)
        {
            using var command = connection.CreateCommand();
            command.CommandText = $"SELECT count(*) FROM duckdb_functions() WHERE function_name = '{Prefix}long'";
            if (Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture) > 0)
            {
                return;
            }

            Function<long>(connection, "long", (reader, row) => Transforms.Hash(reader.GetValue<long>(row)));
            Function<string>(connection, "string", (reader, row) => Transforms.Hash(reader.GetValue<string>(row)));
            Function<string>(connection, "uuid", (reader, row) => Transforms.Hash(Guid.Parse(reader.GetValue<string>(row))));
            Function<string>(connection, "binary", (reader, row) => Transforms.Hash(Convert.FromHexString(reader.GetValue<string>(row))));
            Function<string>(connection, "decimal", (reader, row) => Transforms.Hash(Decimal(reader.GetValue<string>(row))));
        }
    }

    /// <summary>SQL of the hash of a column; null when the type has no bucket transform.</summary>
    public static string? Expression(PrimitiveType type, string sql) => type.Kind switch
    {
        PrimitiveKind.Int or PrimitiveKind.Long => $"{Prefix}long(CAST({sql} AS BIGINT))",
        PrimitiveKind.Date => $"{Prefix}long(CAST(date_diff('day', DATE '1970-01-01', {sql}) AS BIGINT))",
        PrimitiveKind.Time => $"{Prefix}long(date_diff('microsecond', TIME '00:00:00', {sql}))",
        PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz => $"{Prefix}long(epoch_us({sql}))",
        PrimitiveKind.String => $"{Prefix}string({sql})",
        PrimitiveKind.Uuid => $"{Prefix}uuid(CAST({sql} AS VARCHAR))",
        PrimitiveKind.Binary => $"{Prefix}binary(hex({sql}))",
        PrimitiveKind.Decimal => $"{Prefix}decimal(CAST({sql} AS VARCHAR))",
        _ => null,
    };

    private static IcebergDecimal Decimal(string text) =>
        IcebergDecimal.TryParse(text, out var value) ? value : throw new FormatException($"'{text}' is not a decimal.");

    private static void Function<T>(DuckDBConnection connection, string name, Func<IDuckDBDataReader, ulong, int> hash) =>
        connection.RegisterScalarFunction<T, int>(Prefix + name, (readers, writer, rows) => Apply(readers[0], writer, rows, hash), new ScalarFunctionOptions { HandlesNulls = true });

    private static void Apply(IDuckDBDataReader reader, IDuckDBDataWriter writer, ulong rows, Func<IDuckDBDataReader, ulong, int> hash)
    {
        for (ulong row = 0; row < rows; row++)
        {
            if (reader.IsValid(row))
            {
                writer.WriteValue(hash(reader, row), row);
            }
            else
            {
                writer.WriteNull(row);
            }
        }
    }
}
