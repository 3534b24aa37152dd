using System.ComponentModel.DataAnnotations;

namespace LakePortal.Ingestion.Capture;

/// <summary>Section <c>Capture</c>.</summary>
internal sealed record CaptureOptions
{
    public const string SectionName = "Capture";

    /// <summary>Changes are collected at least this long before they are committed.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:10:00", ErrorMessage = "Capture:ShortestCommitInterval must be between 00:00:00.050 and 00:10:00.")]
    public TimeSpan ShortestCommitInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>And at most this long, however long a commit takes.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "01:00:00", ErrorMessage = "Capture:LongestCommitInterval must be between 00:00:00.050 and 01:00:00.")]
    public TimeSpan LongestCommitInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A batch of this many changes is committed at once.</summary>
    [Range(1, 100_000_000, ErrorMessage = "Capture:MostBatchRows must be between 1 and 100000000.")]
    public long MostBatchRows { get; init; } = 250_000;

    /// <summary>A batch of so many bytes is committed at once.</summary>
    [Range(1, 1L << 40, ErrorMessage = "Capture:MostBatchBytes must be between 1 and 1 TiB.")]
    public long MostBatchBytes { get; init; } = 256L << 20;

    /// <summary>First pause after a break; it doubles up to <see cref="LongestRetry"/>.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often an idle log is made to move, and the source is looked at for what its log does not say.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00", ErrorMessage = "Capture:HeartbeatInterval must be between 00:00:00.100 and 00:10:00.")]
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A server that leaves a question unanswered for so long is taken for gone: the connections are made anew.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00", ErrorMessage = "Capture:LongestSilence must be between 00:00:01 and 00:10:00.")]
    public TimeSpan LongestSilence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>While a capture cannot go on, its server keeps no more log for it than this: then the slot is dropped and the tables are loaded again later. 0: no limit.</summary>
    [Range(0, long.MaxValue, ErrorMessage = "Capture:MostRetainedBytes must not be negative.")]
    public long MostRetainedBytes { get; init; } = 100L << 30;

    /// <summary>A load waits this long for transactions that were open before it: its position has to belong to its rows exactly.</summary>
    public TimeSpan LoadPositionWait { get; init; } = TimeSpan.FromSeconds(60);
}
