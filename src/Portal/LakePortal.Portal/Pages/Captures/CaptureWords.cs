using LakePortal.Ingestion.Contracts.Capture;

namespace LakePortal.Portal.Pages.Captures;

/// <summary>What the states of a capture and of its tables mean, in plain words.</summary>
internal static class CaptureWords
{
    /// <summary>One refresh for numbers that only the source moves, such as the log that it keeps.</summary>
    public static readonly TimeSpan Refresh = TimeSpan.FromSeconds(5);

    public static bool Follows(string mode) => mode is "cdc" or "bootstrap+cdc";

    /// <summary>A capture that waits is one that broke and is tried again; a table that waits is only not there yet.</summary>
    public static string Badge(CaptureStatus capture) => capture.State == "waiting" ? "retrying" : capture.State;

    public static string Session(CaptureStatus capture) => capture.State switch
    {
        "starting" => "The source is being asked for its log.",
        "streaming" => "The source's log is being read as it is written.",
        "waiting" => "Reading the source's log broke off. It is tried again by itself; no change is lost while the server keeps its log.",
        "stopped" => "The source's log is not being read.",
        _ => "",
    };

    public static string Table(string state) => state switch
    {
        "waiting" => "Waits for its load. Changes are followed from the load on.",
        "loading" => "The table is being loaded. Its changes are kept meanwhile and joined when the load ends; other tables do not wait.",
        "streaming" => "Every change is in raw and in refined soon after it is committed in the source.",
        "paused" => "Changes go on to raw; refined stays as it is until the sync is resumed, and then catches up.",
        "held" => "Its changes are taken no further until somebody decides. Other tables of the source go on.",
        "gap" => "Changes were lost; the table is being loaded again and compared.",
        _ => "",
    };

    public static string Event(string kind) => kind switch
    {
        "slot" => "Slot",
        "log" => "Log",
        "bootstrap" => "Load",
        "schema-change" => "Schema change",
        "pause" => "Paused",
        "resume" => "Resumed",
        "gap" => "Gap",
        "log-kept" => "Log kept",
        "log-given-up" => "Log given up",
        "hold" => "Held",
        "restart" => "Restart",
        _ => kind,
    };

    public static (string Icon, string Tone) Look(string kind) => kind switch
    {
        "slot" or "log" => ("link", "info"),
        "bootstrap" => ("download", "ok"),
        "schema-change" => ("columns", "info"),
        "pause" => ("pause", "warn"),
        "resume" => ("play", "ok"),
        "gap" => ("alert", "bad"),
        "log-kept" => ("alert", "warn"),
        "log-given-up" => ("alert", "bad"),
        "hold" => ("lock", "bad"),
        "restart" => ("refresh", "info"),
        "replay" => ("inbox", "ok"),
        _ => ("circle", "idle"),
    };
}
