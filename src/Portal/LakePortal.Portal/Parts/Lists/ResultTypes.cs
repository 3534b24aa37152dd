namespace LakePortal.Portal.Parts.Lists;

/// <summary>What a column's type means for how it is shown.</summary>
internal static class ResultTypes
{
    private static readonly string[] Numbers =
        ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "REAL", "DECIMAL", "INT", "LONG"];

    public static bool IsNumber(string type) => Numbers.Contains(type.Split('(')[0].Trim(), StringComparer.OrdinalIgnoreCase);
}
