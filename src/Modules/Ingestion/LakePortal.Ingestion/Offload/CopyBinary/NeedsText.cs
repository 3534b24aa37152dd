namespace LakePortal.Ingestion.Offload.CopyBinary;

/// <summary>
/// A value was met that the column's typed form cannot hold exactly (NaN in a decimal, infinity or BC in a timestamp, a two-dimensional
/// array): the column has to be loaded as text instead. Thrown by decoders, handled by the offload, never seen by users as an error.
/// </summary>
internal sealed class ColumnNeedsTextException(string reason) : Exception(reason)
{
    public string Reason { get; } = reason;

    /// <summary>Ordinal in the COPY's column list; set by the parser, which knows it.</summary>
    public int Column { get; init; } = -1;
}
