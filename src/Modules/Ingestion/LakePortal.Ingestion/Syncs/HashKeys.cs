using System.Security.Cryptography;
using System.Text;
using LakePortal.Governance.Contracts.Secrets;
using LakePortal.Kernel.Secrets;
using MediatR;

namespace LakePortal.Ingestion.Syncs;

/// <summary>The key of a sync's hashed columns: the one that it names, else one made once per source and kept as a secret, so that equal values of different tables stay equal.</summary>
internal sealed class HashKeys(ISecretResolver secrets, IMediator mediator)
{
    public async Task<byte[]> GetAsync(SyncDefinition sync, CancellationToken cancellationToken)
    {
        if (sync.HashSalt is { } reference)
        {
            return Encoding.UTF8.GetBytes(await secrets.ResolveAsync(reference, cancellationToken));
        }

        var name = $"hash-key-{sync.Source}";
        if ((await mediator.Send(new ListSecrets(), cancellationToken)).All(s => s.Name != name))
        {
            _ = await mediator.Send(new SetSecret(name, Convert.ToHexString(RandomNumberGenerator.GetBytes(32))), cancellationToken);
        }

        return Encoding.UTF8.GetBytes(await secrets.ResolveAsync($"${{secret:{name}}}", cancellationToken));
    }
}
