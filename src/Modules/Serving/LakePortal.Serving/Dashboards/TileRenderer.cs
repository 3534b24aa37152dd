using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LakePortal.Engine.Queries;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Serving.Contracts.Dashboards;
using LakePortal.Serving.Contracts.Queries;
using LakePortal.Serving.Queries.Execute;
using Microsoft.Extensions.Options;

namespace LakePortal.Serving.Dashboards;

/// <summary>
/// Runs tiles, and remembers their results for a short while. An entry belongs to one caller with exactly these roles and groups, one text
/// and one snapshot of each table; the door (authorisation) is passed for every answer, remembered or not.
/// </summary>
internal sealed class TileRenderer(
    ILakeEngine engine, ITableCatalog catalog, AnswerReader answers, ICallerAccessor callers, TimeProvider time, IOptions<ServingOptions> options)
{
    // More points than a chart can show; a table tile scrolls.
    private const int MaxRows = 5000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (TileData Data, DateTimeOffset At)> _entries = new(StringComparer.Ordinal);

    public async Task<TileData> RenderAsync(string sql, CancellationToken cancellationToken)
    {
        var caller = callers.Current ?? throw new NotSignedInException();
        var description = await engine.DescribeAsync(new LakeQueryRequest(sql, caller), cancellationToken);
        var key = await KeyAsync(caller, sql, description.Tables.Select(t => t.Table).Distinct(), cancellationToken);
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out var entry) && now - entry.At < options.Value.TileCacheTime)
            {
                return entry.Data;
            }
        }

        var answer = await answers.RunAsync(sql, null, null, MaxRows, keep: false, cancellationToken);
        var data = new TileData(answer, await AsOfAsync(answer.Stats, cancellationToken));
        Remember(key, data, now);
        return data;
    }

    private void Remember(string key, TileData data, DateTimeOffset now)
    {
        if (options.Value.TileCacheEntries == 0 || options.Value.TileCacheTime == TimeSpan.Zero)
        {
            return;
        }

        lock (_lock)
        {
            foreach (var old in _entries.Where(e => now - e.Value.At >= options.Value.TileCacheTime).Select(e => e.Key).ToList())
            {
                _entries.Remove(old);
            }

            while (_entries.Count >= options.Value.TileCacheEntries)
            {
                _entries.Remove(_entries.MinBy(e => e.Value.At).Key);
            }

            _entries[key] = (data, now);
        }
    }

    private async Task<string> KeyAsync(Caller caller, string sql, IEnumerable<TableIdentifier> tables, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        Append(caller.User);
        foreach (var part in caller.Roles.Order(StringComparer.Ordinal).Append("/").Concat(caller.Groups.Order(StringComparer.Ordinal)))
        {
            Append(part);
        }

        Append(sql);
        foreach (var table in tables.OrderBy(t => t.ToString(), StringComparer.Ordinal))
        {
            var metadata = (await catalog.FindAsync(table, cancellationToken))?.Metadata;
            Append(table.ToString());
            Append($"{metadata?.TableUuid} {metadata?.CurrentSnapshotId} {metadata?.CurrentSchemaId}");
        }

        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));

        // With its length: no two different lists of parts make the same text.
        void Append(string part) => text.Append(CultureInfo.InvariantCulture, $"{part.Length}:{part};");
    }

    private async Task<DateTimeOffset?> AsOfAsync(QueryStatistics statistics, CancellationToken cancellationToken)
    {
        DateTimeOffset? oldest = null;
        foreach (var (name, snapshotId) in statistics.Snapshots)
        {
            if (TableIdentifier.TryParse(name, out var identifier)
                && long.TryParse(snapshotId, NumberStyles.Integer, CultureInfo.InvariantCulture, out var id)
                && (await catalog.FindAsync(identifier, cancellationToken))?.Metadata.FindSnapshot(id) is { } snapshot
                && (oldest is null || snapshot.Timestamp < oldest))
            {
                oldest = snapshot.Timestamp;
            }
        }

        return oldest;
    }
}
