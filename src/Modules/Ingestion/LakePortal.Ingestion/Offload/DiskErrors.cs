namespace LakePortal.Ingestion.Offload;

/// <summary>A full disk, however deep the layer that met it.</summary>
internal static class DiskErrors
{
    private const int NoSpace = 28; // ENOSPC

    public static DiskFullException? Translate(Exception error, string where)
    {
        for (var e = error; e is not null; e = e.InnerException)
        {
            if ((e is IOException && (e.HResult & 0xFFFF) == NoSpace) || e.Message.Contains("No space left on device", StringComparison.OrdinalIgnoreCase))
            {
                return new DiskFullException(where, error);
            }
        }

        return null;
    }
}
