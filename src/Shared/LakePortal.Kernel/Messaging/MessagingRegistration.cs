using System.Reflection;
using LakePortal.Kernel.Messaging.Behaviours;
using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LakePortal.Kernel.Messaging;

internal static class MessagingRegistration
{
    private static readonly Type[] ServiceShapes = [typeof(IRequestHandler<,>), typeof(INotificationHandler<>), typeof(IRequestValidator<>)];

    /// <summary>Registers the mediator, its behaviours (outermost first) and every handler and validator, internal ones included.</summary>
    public static void AddMessaging(this IServiceCollection services, IReadOnlyCollection<Assembly> assemblies)
    {
        services.TryAddSingleton(new RequestCatalog(assemblies));
        services.TryAddTransient<ServiceFactory>(provider => provider.GetService!);
        services.TryAddTransient<IMediator, Mediator>();

        services.AddTransient(typeof(IPipelineBehavior<,>), typeof(TimingBehaviour<,>));
        services.AddTransient(typeof(IPipelineBehavior<,>), typeof(AuditBehaviour<,>));
        services.AddTransient(typeof(IPipelineBehavior<,>), typeof(PermissionBehaviour<,>));
        services.AddTransient(typeof(IPipelineBehavior<,>), typeof(ValidationBehaviour<,>));

        foreach (var type in assemblies.SelectMany(a => a.GetTypes()).Where(t => t is { IsAbstract: false, IsGenericTypeDefinition: false }))
        {
            foreach (var shape in type.GetInterfaces().Where(i => i.IsGenericType && ServiceShapes.Contains(i.GetGenericTypeDefinition())))
            {
                services.AddTransient(shape, type);
            }
        }
    }
}
