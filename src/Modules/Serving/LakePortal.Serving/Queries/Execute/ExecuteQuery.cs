using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Messaging;
using LakePortal.Serving.Contracts.Queries;
using MediatR;
using Microsoft.Extensions.Options;

namespace LakePortal.Serving.Queries.Execute;

internal sealed class ExecuteQueryValidator(IOptions<ServingOptions> options) : IRequestValidator<ExecuteQuery>
{
    public IEnumerable<InputFault> Validate(ExecuteQuery request)
    {
        if (string.IsNullOrWhiteSpace(request.Sql))
        {
            yield return new InputFault("sql", "There is no statement.", "Write a SELECT.");
        }

        if (request.Limit is { } limit && (limit < 0 || limit > options.Value.MaxLimit))
        {
            yield return new InputFault("limit", $"'limit' must be between 0 and {options.Value.MaxLimit}.", "Export the result to get all of its rows.");
        }

        if (request.Engine is not (null or "local"))
        {
            yield return new InputFault("engine", $"There is no engine '{request.Engine}'.", "Only 'local' is available.");
        }
    }
}

internal sealed class ExecuteQueryHandler(AnswerReader answers, IOptions<ServingOptions> options) : IRequestHandler<ExecuteQuery, QueryAnswer>
{
    public Task<QueryAnswer> Handle(ExecuteQuery request, CancellationToken cancellationToken) =>
        answers.RunAsync(request.Sql, request.As, request.QueryId, request.Limit ?? options.Value.DefaultLimit, keep: true, cancellationToken);
}
