using System.Text;

namespace LakePortal.Kernel.Messaging;

/// <summary>
/// The stable name of a request in audit rows, metrics and logs: <c>ingestion.run-sync</c>, from the second part of the
/// namespace and the type's name.
/// </summary>
public static class RequestName
{
    public static string Of(Type request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var parts = (request.Namespace ?? string.Empty).Split('.');
        var area = parts is ["LakePortal", var module, ..] ? module : parts[^1];
        return $"{Kebab(area)}.{Kebab(request.Name)}";
    }

    internal static string Kebab(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0)
            {
                text.Append('-');
            }

            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }
}
