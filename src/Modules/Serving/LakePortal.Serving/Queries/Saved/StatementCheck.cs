using LakePortal.Engine.Queries;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;

namespace LakePortal.Serving.Queries.Saved;

/// <summary>Checks statements that are saved for later.</summary>
internal sealed class StatementCheck(ILakeEngine engine)
{
    /// <summary>What is no SQL, or no SELECT, will never be any: a fault. Tables and columns may still come; a table that is not there is told.</summary>
    public async Task<IReadOnlyList<InputFault>> FindFaultsAsync(
        ConfigDocument document, string path, string sql, ICollection<MissingTable> missing, CancellationToken cancellationToken)
    {
        try
        {
            await engine.DescribeAsync(new LakeQueryRequest(sql, Caller.System), cancellationToken);
            return [];
        }
        catch (Exception exception) when (exception is SqlSyntaxException or StatementRefusedException)
        {
            return [ConfigBinder.Fault(document, path, exception.Message, ((LakePortalException)exception).Hint)];
        }
        catch (UnknownTableException unknown)
        {
            missing.Add(new MissingTable(unknown.Name, path, unknown.Hint));
            return [];
        }
        catch (LakePortalException)
        {
            // Unknown columns, unreadable tables: the state of the lake, not of the document; whoever runs the statement is told.
            return [];
        }
    }
}
