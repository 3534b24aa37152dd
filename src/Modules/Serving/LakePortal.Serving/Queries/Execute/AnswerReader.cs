using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Engine.Queries;
using LakePortal.Serving.Contracts.Queries;
using LakePortal.Serving.Queries.Rows;
using Microsoft.Extensions.Options;

namespace LakePortal.Serving.Queries.Execute;

/// <summary>Runs a statement and holds its first rows.</summary>
internal sealed class AnswerReader(QuerySession session, IOptions<ServingOptions> options)
{
    /// <param name="limit">Rows to return; one more is looked for, to tell whether there are more.</param>
    public Task<QueryAnswer> RunAsync(string sql, string? runAs, string? queryId, int limit, bool keep, CancellationToken cancellationToken) =>
        session.RunAsync(sql, runAs, queryId, keep, async (query, clock) =>
        {
            var rows = new List<JsonArray>();
            var (isTruncated, characters) = (false, 0L);
            await foreach (var batch in query.ReadAsync(cancellationToken))
            {
                using (batch)
                {
                    var cells = query.Columns.Select((c, i) => CellReader.Of(batch.Column(i), c.Type)).ToArray();
                    for (var row = 0; row < batch.Length && !isTruncated; row++)
                    {
                        if (rows.Count == limit || characters > options.Value.MaxAnswerCharacters)
                        {
                            isTruncated = true;
                            break;
                        }

                        var values = new JsonArray();
                        foreach (var cell in cells)
                        {
                            var value = cell(row);
                            characters += Size(value);
                            values.Add(value);
                        }

                        rows.Add(values);
                    }
                }

                if (isTruncated)
                {
                    break;
                }
            }

            var answer = new QueryAnswer(
                query.QueryId,
                [.. query.Columns.Select(c => new QueryColumn(c.Name, c.Type))],
                rows,
                isTruncated,
                new QueryStatistics(
                    clock.Elapsed.TotalMilliseconds,
                    rows.Count,
                    query.Scan.FilesTotal,
                    query.Scan.FilesKept,
                    query.Scan.BytesKept,
                    query.Snapshots.ToDictionary(
                        s => s.Key.ToString(), s => s.Value?.ToString(CultureInfo.InvariantCulture) ?? "", StringComparer.Ordinal)));
            return (rows.Count, answer);
        }, cancellationToken);

    private static long Size(JsonNode? value) => value switch
    {
        null => 4,
        JsonValue v => v.GetValueKind() == JsonValueKind.String && v.TryGetValue(out string? text) ? text.Length + 2 : 8,
        JsonArray a => 2 + a.Sum(Size),
        JsonObject o => 2 + o.Sum(p => p.Key.Length + 3 + Size(p.Value)),
        _ => 8,
    };
}
