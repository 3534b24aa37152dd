using System.Reflection;
using MediatR;

namespace LakePortal.Kernel.Messaging;

/// <summary>All requests of all modules, with the rules that every one of them must keep for the process to start.</summary>
public sealed class RequestCatalog
{
    private readonly IReadOnlyList<Type> _types;

    public RequestCatalog(IReadOnlyCollection<Assembly> assemblies)
    {
        _types = [.. assemblies.SelectMany(a => a.GetTypes()).Where(t => t is { IsAbstract: false, IsGenericTypeDefinition: false })];
        Requests = [.. _types.Where(t => typeof(IBaseRequest).IsAssignableFrom(t)).OrderBy(t => t.FullName, StringComparer.Ordinal)];
    }

    public IReadOnlyList<Type> Requests { get; }

    /// <summary>One sentence per broken rule; empty when all is well.</summary>
    public IReadOnlyList<string> FindFaults()
    {
        var handled = _types
            .SelectMany(t => t.GetInterfaces()
                .Where(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IRequestHandler<,>))
                .Select(i => (Request: i.GenericTypeArguments[0], Handler: t)))
            .ToLookup(h => h.Request, h => h.Handler);
        var known = Permissions.All.ToHashSet(StringComparer.Ordinal);
        List<string> faults = [];
        foreach (var request in Requests)
        {
            var permission = request.GetCustomAttribute<RequiresPermissionAttribute>();
            var anonymous = request.GetCustomAttribute<AllowAnonymousRequestAttribute>();
            if (permission is null == anonymous is null)
            {
                faults.Add($"{request.FullName} must carry either [RequiresPermission] or [AllowAnonymousRequest].");
            }
            else if (permission is not null && !known.Contains(permission.Permission))
            {
                faults.Add($"{request.FullName} requires '{permission.Permission}', which is no permission.");
            }

            var handlers = handled[request].ToList();
            if (handlers.Count != 1)
            {
                var found = handlers.Count == 0 ? "none" : string.Join(", ", handlers.Select(h => h.FullName));
                faults.Add($"{request.FullName} must have exactly one handler; found {found}.");
            }
        }

        return faults;
    }
}
