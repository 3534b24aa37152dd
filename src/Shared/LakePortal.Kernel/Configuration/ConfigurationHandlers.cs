using System.Text.Json.Nodes;
using LakePortal.Kernel.Errors;
using MediatR;

namespace LakePortal.Kernel.Configuration;

internal sealed class ApplyConfigurationHandler(ConfigurationEngine engine) : IRequestHandler<ApplyConfiguration, IReadOnlyList<PlannedChange>>
{
    public Task<IReadOnlyList<PlannedChange>> Handle(ApplyConfiguration request, CancellationToken cancellationToken) =>
        engine.ApplyTextsAsync(request.Texts, request.DryRun, request.Prune, cancellationToken);
}

internal sealed class PutObjectHandler(ConfigurationEngine engine) : IRequestHandler<PutObject, IReadOnlyList<PlannedChange>>
{
    public Task<IReadOnlyList<PlannedChange>> Handle(PutObject request, CancellationToken cancellationToken)
    {
        var content = request.Content.DeepClone().AsObject();
        if (content["kind"] is { } kind && (kind is not JsonValue value || !value.TryGetValue(out string? text) || text != request.Kind))
        {
            var message = $"The document is of kind {kind.ToJsonString()}, not '{request.Kind}'.";
            throw new InvalidInputException(message, "Leave the key out, or send the document to the address of its kind.", new InputFault("kind", message));
        }

        content.Remove("kind");
        engine.Writable(request.Kind);
        var document = new ConfigDocument(request.Kind, content, null, new Dictionary<string, TextPosition>());
        return engine.ApplyAsync([document], [], request.DryRun, prune: false, cancellationToken);
    }
}

internal sealed class ListObjectsHandler(ConfigurationEngine engine) : IRequestHandler<ListObjects, IReadOnlyList<string>>
{
    public Task<IReadOnlyList<string>> Handle(ListObjects request, CancellationToken cancellationToken) =>
        engine.Readable(request.Kind).ListAsync(cancellationToken);
}

internal sealed class CountObjectsHandler(ConfigurationEngine engine) : IRequestHandler<CountObjects, IReadOnlyList<KindCount>>
{
    public async Task<IReadOnlyList<KindCount>> Handle(CountObjects request, CancellationToken cancellationToken)
    {
        List<KindCount> counts = [];
        foreach (var kind in engine.AllReadable())
        {
            counts.Add(new KindCount(kind.Kind, (await kind.ListAsync(cancellationToken)).Count));
        }

        return counts;
    }
}

internal sealed class ExportObjectHandler(ConfigurationEngine engine) : IRequestHandler<ExportObject, ExportedObject>
{
    public async Task<ExportedObject> Handle(ExportObject request, CancellationToken cancellationToken)
    {
        var kind = engine.Readable(request.Kind);
        var content = await kind.ExportAsync(request.Name, cancellationToken)
            ?? throw new ObjectNotFoundException(request.Kind, request.Name, Suggestion.For(request.Name, await kind.ListAsync(cancellationToken)));
        var document = new JsonObject { ["kind"] = request.Kind };
        foreach (var (key, value) in content.Where(e => e.Key != "kind"))
        {
            document[key] = value?.DeepClone();
        }

        return new ExportedObject(ConfigYamlWriter.Write(document), document);
    }
}

internal sealed class DeleteObjectHandler(ConfigurationEngine engine) : IRequestHandler<DeleteObject>
{
    public async Task<Unit> Handle(DeleteObject request, CancellationToken cancellationToken)
    {
        var kind = engine.Writable(request.Kind);
        var names = await kind.ListAsync(cancellationToken);
        if (!names.Contains(request.Name, StringComparer.Ordinal))
        {
            throw new ObjectNotFoundException(request.Kind, request.Name, Suggestion.For(request.Name, names));
        }

        await kind.DeleteAsync(request.Name, cancellationToken);
        return Unit.Value;
    }
}
