using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Portal.Tests.Hosting;

/// <summary>Everything that the running portal answers to, one entry per method.</summary>
internal sealed partial record Route(string Method, string Pattern, RouteEndpoint Endpoint)
{
    public bool IsOpen => Endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null;

    public bool IsUnsafe => Method is not ("GET" or "HEAD" or "OPTIONS");

    public bool IsApi => Pattern.StartsWith("/api/", StringComparison.Ordinal);

    public static IReadOnlyList<Route> All(IServiceProvider services) =>
    [
        .. from endpoint in services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
           from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]
           select new Route(method, "/" + endpoint.RoutePattern.RawText!.TrimStart('/'), endpoint),
    ];

    /// <summary>The path with <paramref name="value"/> in every place.</summary>
    public string Path(string value = "x") => Parameter().Replace(Pattern, value);

    public override string ToString() => $"{Method} {Pattern}";

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
