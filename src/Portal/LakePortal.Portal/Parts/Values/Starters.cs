namespace LakePortal.Portal.Parts.Values;

/// <summary>First files to begin from. They run as they are on an empty lake: they read no table.</summary>
public static class Starters
{
    public const string Pipeline =
        """
        kind: pipeline
        name: first
        tasks:
          - name: visits
            type: sql
            target: refined.visits
            write: replace
            sql: |
              SELECT * FROM (VALUES (DATE '2026-01-01', 'web', 120), (DATE '2026-01-02', 'app', 85)) AS v(day, channel, visits)
          - name: visits_daily
            type: sql
            after: [visits]
            target: curated.visits_daily
            write: replace
            sql: |
              SELECT day, sum(visits)::BIGINT AS visits FROM refined.visits GROUP BY day
        """;

    public const string Dashboard =
        """
        kind: dashboard
        name: first
        title: First dashboard
        description: What is asked again and again
        tiles:
          - name: visits
            title: Visits per day
            chart: bar
            sql: |
              SELECT * FROM (VALUES ('2026-01-01', 120), ('2026-01-02', 85)) AS v(day, visits)
            x: day
            y: [visits]
            width: 12
        """;
}
