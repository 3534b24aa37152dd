using System.Globalization;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Writing.Types;

/// <summary>The FIELD_IDS option of COPY: every column and every nested field carries its id into the Parquet file.</summary>
internal static class FieldIds
{
    private const string Self = "__duckdb_field_id";

    public static string Of(IReadOnlyList<NestedField> fields) => $"{{{string.Join(", ", fields.Select(f => Entry(f.Name, f.Id, f.Type)))}}}";

    private static string Entry(string name, int id, IcebergType type) => $"{WriterSql.Name(name)}: {Value(id, type)}";

    private static string Value(int id, IcebergType type)
    {
        var number = id.ToString(CultureInfo.InvariantCulture);
        return type switch
        {
            StructType s => $"{{{Self}: {number}, {string.Join(", ", s.Fields.Select(f => Entry(f.Name, f.Id, f.Type)))}}}",
            ListType l => $"{{{Self}: {number}, {Entry("element", l.ElementId, l.Element)}}}",
            MapType m => $"{{{Self}: {number}, {Entry("key", m.KeyId, m.Key)}, {Entry("value", m.ValueId, m.Value)}}}",
            _ => number,
        };
    }
}
