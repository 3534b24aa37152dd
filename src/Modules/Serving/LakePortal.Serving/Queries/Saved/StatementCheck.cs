using System.Text.RegularExpressions;
using LakePortal.Engine.Queries;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;

namespace LakePortal.Serving.Queries.Saved;

/// <summary>Checks statements that are saved for later.</summary>
internal sealed class StatementCheck(ILakeEngine engine)
{
    /// <summary>What is no SQL, or no SELECT, will never be any: a fault. Tables and columns may still come.</summary>
    public async Task<IReadOnlyList<InputFault>> FindFaultsAsync(ConfigDocument document, string path, string sql, CancellationToken cancellationToken)
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
        catch (LakePortalException)
        {
            // Unknown tables and columns: the state of the lake, not of the document; whoever runs the statement is told.
            return [];
        }
    }
}

/// <summary>The one form of names of saved objects.</summary>
internal static partial class ObjectNames
{
    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_-]{0,99}$", RegexOptions.CultureInvariant)]
    private static partial Regex Form();

    public static IEnumerable<InputFault> Check(ConfigDocument document, string path, string name) => Form().IsMatch(name)
        ? []
        : [ConfigBinder.Fault(document, path, $"'{name}' cannot be a name.", "Use letters, digits, '_' and '-', starting with a letter.")];
}
