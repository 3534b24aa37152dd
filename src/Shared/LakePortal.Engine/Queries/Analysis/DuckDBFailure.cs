namespace LakePortal.Engine.Queries.Analysis;

/// <summary>DuckDB's own message, not fit to be shown: carries it to where it is translated.</summary>
internal sealed class DuckDBFailure(string message) : Exception(message);
