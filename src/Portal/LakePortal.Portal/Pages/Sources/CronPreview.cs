using Quartz;

namespace LakePortal.Portal.Pages.Sources;

/// <summary>When a schedule would run, by the scheduler's own reading of the expression.</summary>
internal static class CronPreview
{
    public static (IReadOnlyList<DateTimeOffset> Next, string? Fault) Next(string schedule, TimeZoneInfo zone, DateTimeOffset from, int count)
    {
        if (string.IsNullOrWhiteSpace(schedule))
        {
            return ([], null);
        }

        CronExpression cron;
        try
        {
            cron = new CronExpression(schedule.Trim(), zone);
        }
        catch (FormatException wrong)
        {
            return ([], wrong.Message);
        }

        var times = new List<DateTimeOffset>();
        var at = from;
        while (times.Count < count && cron.GetNextValidTimeAfter(at) is { } next)
        {
            times.Add(next);
            at = next;
        }

        return times.Count == 0 ? ([], "This schedule never runs again.") : (times, null);
    }
}
