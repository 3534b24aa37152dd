using LakePortal.Kernel.Errors;
using Quartz;

namespace LakePortal.Kernel.Scheduling;

/// <summary>A Quartz cron expression (six or seven fields, seconds first) in a time zone.</summary>
public sealed record CronSchedule
{
    private readonly CronExpression _cron;

    private CronSchedule(string expression, TimeZoneInfo zone)
    {
        Expression = expression;
        TimeZone = zone;
        _cron = new CronExpression(expression, zone);
    }

    public string Expression { get; }

    public TimeZoneInfo TimeZone { get; }

    /// <exception cref="InvalidInputException">Not a cron expression, or not a time zone; the fault's path is <paramref name="path"/>.</exception>
    /// <param name="expression">Cron expression.</param>
    /// <param name="timeZone">IANA name; null: UTC.</param>
    /// <param name="path">Where it stands in the input.</param>
    public static CronSchedule Parse(string expression, string? timeZone, string path = "schedule")
    {
        ArgumentNullException.ThrowIfNull(expression);
        TimeZoneInfo? zone;
        if (timeZone is null)
        {
            zone = TimeZoneInfo.Utc;
        }
        else if (!TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out zone))
        {
            throw Invalid($"There is no time zone '{timeZone}'.", "Use an IANA name such as Europe/Berlin or UTC.", path);
        }

        var fields = expression.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
        if (fields == 5)
        {
            throw Invalid(
                $"'{expression}' has five fields; a schedule has six, seconds first.", $"Put seconds in front, e.g. '0 {Question(expression)}'.", path);
        }

        try
        {
            return new CronSchedule(expression, zone);
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            throw Invalid(
                $"'{expression}' is not a cron expression: {error.Message}",
                "Fields: second minute hour day-of-month month day-of-week [year]; one of the two days is '?'. Example: '0 0 2 * * ?' is 02:00 every day.", path);
        }
    }

    /// <summary>The next times after <paramref name="after"/>, ascending; fewer when the expression ends.</summary>
    public IReadOnlyList<DateTimeOffset> Next(DateTimeOffset after, int count)
    {
        List<DateTimeOffset> times = [];
        var time = after;
        while (times.Count < count && _cron.GetNextValidTimeAfter(time) is { } next)
        {
            times.Add(next);
            time = next;
        }

        return times;
    }

    public bool Equals(CronSchedule? other) => other is not null && Expression == other.Expression && TimeZone.Id == other.TimeZone.Id;

    public override int GetHashCode() => HashCode.Combine(Expression, TimeZone.Id);

    // Unix cron leaves both days as '*'; Quartz wants '?' for one of them.
    private static string Question(string unix)
    {
        var parts = unix.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        parts[parts[2] == "*" && parts[4] != "*" ? 2 : 4] = "?";
        return string.Join(' ', parts);
    }

    private static InvalidInputException Invalid(string message, string hint, string path) => new(message, hint, new InputFault(path, message, hint));
}
