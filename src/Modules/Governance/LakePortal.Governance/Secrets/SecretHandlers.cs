using LakePortal.Governance.Contracts.Secrets;
using LakePortal.Governance.Identity;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;
using MediatR;

namespace LakePortal.Governance.Secrets;

internal sealed class SetSecretValidator : IRequestValidator<SetSecret>
{
    public IEnumerable<InputFault> Validate(SetSecret request)
    {
        foreach (var fault in Names.Check("name", request.Name))
        {
            yield return fault;
        }

        if (string.IsNullOrEmpty(request.Value) || request.Value.Length > 65_536)
        {
            yield return new InputFault("value", "A secret has from 1 to 65536 characters.");
        }
    }
}

internal sealed class SetSecretHandler(SecretVault vault, ICallerAccessor callers) : IRequestHandler<SetSecret, SecretInfo>
{
    public Task<SecretInfo> Handle(SetSecret request, CancellationToken cancellationToken) =>
        vault.SetAsync(request.Name, request.Value, callers.Current!.User, cancellationToken);
}

internal sealed class ListSecretsHandler(SecretVault vault) : IRequestHandler<ListSecrets, IReadOnlyList<SecretInfo>>
{
    public Task<IReadOnlyList<SecretInfo>> Handle(ListSecrets request, CancellationToken cancellationToken) => vault.ListAsync(cancellationToken);
}

internal sealed class DeleteSecretHandler(SecretVault vault) : IRequestHandler<DeleteSecret>
{
    public async Task<Unit> Handle(DeleteSecret request, CancellationToken cancellationToken) =>
        await vault.DeleteAsync(request.Name, cancellationToken) ? Unit.Value : throw new ObjectNotFoundException("secret", request.Name);
}
