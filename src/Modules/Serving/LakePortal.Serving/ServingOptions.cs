using System.ComponentModel.DataAnnotations;

namespace LakePortal.Serving;

/// <summary>Limits of what is answered.</summary>
internal sealed record ServingOptions
{
    public const string SectionName = "Serving";

    /// <summary>Rows of an answer when the request names no limit.</summary>
    [Range(1, 100_000, ErrorMessage = "Serving:DefaultLimit must be between 1 and 100000.")]
    public int DefaultLimit { get; init; } = 1000;

    /// <summary>Most rows of one answer; exports have no limit.</summary>
    [Range(1, 1_000_000, ErrorMessage = "Serving:MaxLimit must be between 1 and 1000000.")]
    public int MaxLimit { get; init; } = 100_000;

    /// <summary>An answer that grows beyond this many characters is cut, and says so.</summary>
    [Range(1_000_000, 1_000_000_000, ErrorMessage = "Serving:MaxAnswerCharacters must be between a million and a billion.")]
    public long MaxAnswerCharacters { get; init; } = 64_000_000;

    /// <summary>Entries of the query history kept per user.</summary>
    [Range(10, 100_000, ErrorMessage = "Serving:HistoryKept must be between 10 and 100000.")]
    public int HistoryKept { get; init; } = 1000;

    /// <summary>How long a tile's result may be shown again while its tables have not changed; bounds how old the clock functions in it can be.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00", ErrorMessage = "Serving:TileCacheTime must be between 0 and 1 day.")]
    public TimeSpan TileCacheTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Tile results kept.</summary>
    [Range(0, 10_000, ErrorMessage = "Serving:TileCacheEntries must be between 0 and 10000.")]
    public int TileCacheEntries { get; init; } = 200;
}
