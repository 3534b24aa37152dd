using LakePortal.Kernel.Runs;

namespace LakePortal.Portal.Parts.Values;

/// <param name="Word">What people read.</param>
/// <param name="Icon">Shape: differs by state, for those who do not see colours.</param>
/// <param name="Tone">Colour: ok, warn, bad, info, idle.</param>
internal sealed record StateLook(string Word, string Icon, string Tone);

/// <summary>How every state of every module looks; the legend of the help dialog is made from the same table.</summary>
internal static class States
{
    private static readonly Dictionary<string, StateLook> Looks = new(StringComparer.Ordinal)
    {
        ["succeeded"] = new("Succeeded", "ok", "ok"),
        ["ok"] = new("OK", "ok", "ok"),
        ["good"] = new("Good", "ok", "ok"),
        ["done"] = new("Done", "ok", "ok"),
        ["kept"] = new("Kept", "check", "ok"),
        ["running"] = new("Running", "running", "info"),
        ["reading"] = new("Reading", "running", "info"),
        ["retrying"] = new("Retrying", "refresh", "warn"),
        ["queued"] = new("Queued", "queued", "idle"),
        ["waiting"] = new("Waiting", "queued", "idle"),
        ["idle"] = new("Idle", "circle", "idle"),
        ["never-run"] = new("Never run", "circle", "idle"),
        ["unknown"] = new("Not tested", "help", "idle"),
        ["paused"] = new("Paused", "pause", "warn"),
        ["warn"] = new("Warning", "alert", "warn"),
        ["skipped"] = new("Skipped", "skip", "idle"),
        ["cancelled"] = new("Cancelled", "minus", "idle"),
        ["disabled"] = new("Disabled", "minus", "idle"),
        ["revoked"] = new("Revoked", "minus", "idle"),
        ["expired"] = new("Expired", "clock", "idle"),
        ["active"] = new("Active", "ok", "ok"),
        ["locked"] = new("Locked", "lock", "warn"),
        ["failed"] = new("Failed", "failed", "bad"),
        ["bad"] = new("Bad", "failed", "bad"),
        ["unreachable"] = new("Unreachable", "failed", "bad"),
        ["denied"] = new("Denied", "lock", "warn"),
        ["interrupted"] = new("Interrupted", "alert", "warn"),
        ["equal"] = new("Equal", "ok", "ok"),
        ["different"] = new("Different", "failed", "bad"),
        ["repaired"] = new("Repaired", "check", "ok"),
        ["never-compared"] = new("Never compared", "circle", "idle"),
        ["missing"] = new("Missing", "minus", "bad"),
        ["extra"] = new("Extra", "plus", "warn"),
        ["changed"] = new("Changed", "edit", "info"),
        ["type-loss"] = new("Type loss", "alert", "warn"),
        ["starting"] = new("Starting", "running", "info"),
        ["streaming"] = new("Streaming", "sync", "ok"),
        ["loading"] = new("Loading", "running", "info"),
        ["held"] = new("Held", "lock", "bad"),
        ["gap"] = new("Gap", "alert", "bad"),
        ["stopped"] = new("Stopped", "stop", "warn"),
        ["reserved"] = new("Log reserved", "ok", "ok"),
        ["extended"] = new("Log beyond max_wal_size", "alert", "warn"),
        ["unreserved"] = new("Log about to be dropped", "alert", "bad"),
        ["lost"] = new("Log lost", "failed", "bad"),
    };

    public static IReadOnlyDictionary<string, StateLook> All => Looks;

    /// <summary>A state that a newer module reports and this table does not know is shown by its own word.</summary>
    public static StateLook Of(string state) => Looks.TryGetValue(state, out var look) ? look : new StateLook(state, "circle", "idle");

#pragma warning disable CA1308 // States are lower-case words in every contract.
    public static string Name(RunState state) => state.ToString().ToLowerInvariant();
#pragma warning restore CA1308

    public static bool IsLive(RunState state) => state is RunState.Queued or RunState.Running;
}
