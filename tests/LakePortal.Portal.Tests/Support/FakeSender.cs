using System.Reflection;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;
using LakePortal.Portal.Hosting;
using MediatR;

namespace LakePortal.Portal.Tests.Support;

/// <summary>Stands for all modules: answers as told, checks permissions as the door does, remembers what was sent.</summary>
internal sealed class FakeSender : IPortalSender
{
    private readonly Dictionary<Type, Func<object, CancellationToken, Task<object?>>> _answers = [];
    private readonly Lock _gate = new();
    private readonly List<object> _sent = [];

    public Caller? Caller { get; set; } = Of([.. Permissions.All]);

    public IReadOnlyList<object> Sent
    {
        get
        {
            lock (_gate)
            {
                return [.. _sent];
            }
        }
    }

    public static Caller Of(params string[] permissions) => new(
        "ada", new HashSet<string> { "admin" }, new HashSet<string>(), permissions.ToHashSet(StringComparer.Ordinal), "portal");

    public FakeSender On<TRequest>(Func<TRequest, object?> answer)
    {
        _answers[typeof(TRequest)] = (request, _) => Task.FromResult(answer((TRequest)request));
        return this;
    }

    public FakeSender OnAsync(Type request, Func<object, CancellationToken, Task<object?>> answer)
    {
        _answers[request] = answer;
        return this;
    }

    public Task<object?> SendUntyped(object request, CancellationToken cancellationToken) => _answers[request.GetType()](request, cancellationToken);

    public IEnumerable<TRequest> Requests<TRequest>() => Sent.OfType<TRequest>();

    public async Task<TResponse> Send<TResponse>(IRequest<TResponse> request, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            _sent.Add(request);
        }

        var permission = request.GetType().GetCustomAttribute<RequiresPermissionAttribute>()?.Permission;
        if (permission is not null && Caller?.Can(permission) != true)
        {
            throw new PermissionDeniedException(permission);
        }

        var answer = _answers.TryGetValue(request.GetType(), out var found)
            ? await found(request, cancellationToken)
            : throw new InvalidOperationException($"No answer for {request.GetType().Name} was arranged.");
        return answer is null && typeof(TResponse) == typeof(Unit) ? (TResponse)(object)Unit.Value : (TResponse)answer!;
    }
}
