namespace LakePortal.Engine.Queries.Binding;

/// <summary>How the columns wanted are found in a data file.</summary>
/// <param name="Signature">Equal for files that can be read by one <c>read_parquet</c>.</param>
/// <param name="NamesById">For files without field ids: the file's column name by field id; null when the file has field ids.</param>
/// <param name="ConstantsById">SQL of values that stand in the partition tuple instead of the file.</param>
/// <param name="ExpressionsById">For nested columns whose inner names changed: type in the file and expression that reshapes it, by field id.</param>
internal sealed record FileLayout(
    string Signature,
    IReadOnlyDictionary<int, string>? NamesById,
    IReadOnlyDictionary<int, string> ConstantsById,
    IReadOnlyDictionary<int, ReshapedColumn> ExpressionsById)
{
    /// <summary>Field ids in the file, nothing to stand in.</summary>
    public static readonly FileLayout Plain = new("", null, new Dictionary<int, string>(), new Dictionary<int, ReshapedColumn>());
}

/// <param name="FileType">DuckDB type by which the file's column is read.</param>
/// <param name="Expression">Makes the table's type of it; <c>{0}</c> stands for the column.</param>
internal sealed record ReshapedColumn(string FileType, string Expression);
