using System.Reflection;

namespace LakePortal.Portal.Hosting;

/// <summary>
/// A group of HTTP endpoints; every implementation in this assembly is mapped at start. Endpoints only send MediatR requests. The caller is
/// entered already; a caller is required everywhere unless an endpoint says <c>AllowAnonymous</c>.
/// </summary>
internal interface IApiEndpoints
{
    static abstract void Map(IEndpointRouteBuilder endpoints);
}

internal static class ApiEndpoints
{
    public static void MapAll(IEndpointRouteBuilder endpoints)
    {
        var map = typeof(ApiEndpoints).GetMethod(nameof(MapOne), BindingFlags.NonPublic | BindingFlags.Static)!;
        foreach (var type in typeof(ApiEndpoints).Assembly.GetTypes().Where(t => t.IsClass && typeof(IApiEndpoints).IsAssignableFrom(t)).OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            map.MakeGenericMethod(type).Invoke(null, [endpoints]);
        }
    }

    private static void MapOne<T>(IEndpointRouteBuilder endpoints) where T : IApiEndpoints => T.Map(endpoints);
}
