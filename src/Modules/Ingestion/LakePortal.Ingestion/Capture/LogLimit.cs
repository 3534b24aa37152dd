using System.Globalization;
using LakePortal.Ingestion.Capture.Slots;
using LakePortal.Ingestion.Sources;
using LakePortal.Kernel.Errors;

namespace LakePortal.Ingestion.Capture;

/// <summary>
/// While a capture cannot go on, its source keeps the log for it and fills its disk. It is looked at, said before it is too much, and given up when it is:
/// a source that stands still is worse than tables that are loaded again.
/// </summary>
internal sealed class LogLimit(CaptureServices services)
{
    private bool _said;

    /// <summary>After a session has ended without having been told to.</summary>
    public async Task CheckAsync(SourceDefinition source, CaptureTables tables, CaptureMeter meter, string reason, CancellationToken cancellationToken)
    {
        try
        {
            var system = services.Systems.For(source);
            if (await system.KeptLogAsync(source, tables.Slot, cancellationToken) is not { } kept)
            {
                return;
            }

            meter.Observed(kept.Position, kept.Slot, meter.Reading.Captured ?? kept.Slot.Confirmed ?? LogPosition.Zero);
            await JudgeAsync(system, source, tables, kept.Slot, reason, cancellationToken);
        }
        catch (LakePortalException e)
        {
            // A source that does not answer has been reported as that already.
            Log.CaptureNote(services.Logger, source.Name, $"It cannot be asked how much log it keeps: {e.Message}");
        }
    }

    private async Task JudgeAsync(SourceSystem system, SourceDefinition source, CaptureTables tables, SlotFacts slot, string reason, CancellationToken cancellationToken)
    {
        var most = services.Options.MostRetainedBytes;
        if (most == 0 || slot.RetainedBytes is not { } bytes || bytes < most / 2)
        {
            _said = false;
            return;
        }

        if (bytes >= most && !slot.IsActive)
        {
            await system.GiveUpLogAsync(source, tables.Slot, cancellationToken);
            await services.Store.AddEventAsync(source.Name, null, "log-given-up",
                $"The server kept {Megabytes(bytes)} of log, and {Megabytes(most)} are allowed (Capture:MostRetainedBytes); the capture could not go on: {reason} The slot '{tables.Slot}' was dropped before the server's disk is full. The tables are loaded again as soon as the capture goes on.",
                slot.Confirmed, cancellationToken);
        }
        else if (!_said)
        {
            _said = true;
            await services.Store.AddEventAsync(source.Name, null, "log-kept",
                $"The server keeps {Megabytes(bytes)} of log because the capture cannot go on: {reason} At {Megabytes(most)} it is given up (Capture:MostRetainedBytes), and the tables are loaded again.", slot.Confirmed, cancellationToken);
        }
    }

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024):N0} MiB");
}
