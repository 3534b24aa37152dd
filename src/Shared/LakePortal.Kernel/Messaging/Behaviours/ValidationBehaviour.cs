using LakePortal.Kernel.Errors;
using MediatR;

namespace LakePortal.Kernel.Messaging.Behaviours;

internal sealed class ValidationBehaviour<TRequest, TResponse>(IEnumerable<IRequestValidator<TRequest>> validators)
    : IPipelineBehavior<TRequest, TResponse>
{
    public Task<TResponse> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResponse> next)
    {
        var faults = validators.SelectMany(v => v.Validate(request)).ToList();
        if (faults.Count == 0)
        {
            return next();
        }

        var message = faults.Count == 1 ? faults[0].Message : $"The request has {faults.Count} faults; the first: {faults[0].Message}";
        throw new InvalidInputException(message, faults[0].Hint, faults);
    }
}
