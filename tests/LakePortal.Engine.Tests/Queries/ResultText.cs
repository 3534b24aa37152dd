using Apache.Arrow;
using LakePortal.Engine.Queries;

namespace LakePortal.Engine.Tests.Queries;

internal static class ResultText
{
    /// <summary>Rows as text, columns separated by |, null as NULL.</summary>
    public static IEnumerable<string> Rows(RecordBatch batch, IReadOnlyList<ResultColumn> columns) =>
        Enumerable.Range(0, batch.Length).Select(r => string.Join('|', Enumerable.Range(0, columns.Count).Select(c => Cell(batch.Column(c), r))));

    private static string Cell(IArrowArray array, int row) => array.IsNull(row)
        ? "NULL"
        : array switch
        {
            StringArray s => s.GetString(row),
            Int32Array i => i.GetValue(row)!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Int64Array i => i.GetValue(row)!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Decimal128Array d => d.GetString(row),
            BooleanArray b => b.GetValue(row)!.Value ? "true" : "false",
            _ => array.Data.DataType.Name + ":" + row,
        };
}
