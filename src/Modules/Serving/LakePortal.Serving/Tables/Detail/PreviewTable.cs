using System.Globalization;
using LakePortal.Iceberg;
using LakePortal.Serving.Contracts.Queries;
using LakePortal.Serving.Contracts.Tables;
using LakePortal.Serving.Queries.Execute;
using MediatR;

namespace LakePortal.Serving.Tables.Detail;

internal sealed class PreviewTableHandler(TableLoader loader, AnswerReader answers) : IRequestHandler<PreviewTable, QueryAnswer>
{
    public async Task<QueryAnswer> Handle(PreviewTable request, CancellationToken cancellationToken)
    {
        await loader.LoadAsync(request.Namespace, request.Name, cancellationToken);
        var limit = Math.Clamp(request.Limit, 1, 1000);
        var at = request.SnapshotId is { } snapshot ? $" AT (VERSION => {SnapshotIds.Parse(snapshot).ToString(CultureInfo.InvariantCulture)})" : "";
        var sql = $"SELECT * FROM {Quote(request.Namespace)}.{Quote(request.Name)}{at} LIMIT {limit.ToString(CultureInfo.InvariantCulture)}";
        return await answers.RunAsync(sql, null, null, limit, keep: false, cancellationToken);
    }

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
