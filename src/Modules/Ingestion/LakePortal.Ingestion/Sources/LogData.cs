namespace LakePortal.Ingestion.Sources;

/// <summary>What comes out of a source's log.</summary>
internal enum LogData
{
    /// <summary>What the receiver of changes was told, or has to be.</summary>
    Message,

    /// <summary>Nothing but the position to which the server has sent all there is.</summary>
    Keepalive,
}
