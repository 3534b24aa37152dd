using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Kernel.Errors;
using MediatR;

namespace LakePortal.Ingestion.Sources.TestConnection;

/// <summary>Goes the way of a load in steps and stops at the first that fails, with the reason and what to do about it.</summary>
internal sealed class TestConnectionHandler(SourceStore store, SourceSystems systems, TimeProvider clock) : IRequestHandler<Contracts.Sources.TestConnection, ConnectionTest>
{
    private static readonly string[] Order = ["resolve", "connect", "sign-in", "database", "read", "follow"];

    public async Task<ConnectionTest> Handle(Contracts.Sources.TestConnection request, CancellationToken cancellationToken)
    {
        var source = await SourceOf(request.Source, store, cancellationToken);
        var started = clock.GetTimestamp();
        var steps = new List<ConnectionStep>();
        string? version = null;
        try
        {
            await ResolveAsync(source, steps, cancellationToken);
            await ConnectAsync(source, steps, cancellationToken);
            version = await SignInAsync(source, steps, cancellationToken);
        }
        catch (StepFailedException failed)
        {
            steps.Add(new ConnectionStep(failed.Step, "failed", failed.Message, failed.Hint));
        }

        steps.AddRange(Order.Skip(steps.Count).Select(s => new ConnectionStep(s, "skipped", null, null)));
        var ok = steps.All(s => s.State is "ok" or "warn");
        var reason = steps.Find(s => s.State == "failed")?.Message;
        await store.SetStateAsync(source.Name, ok ? "ok" : "unreachable", reason, cancellationToken);
        return new ConnectionTest(ok, steps, version, clock.GetElapsedTime(started).TotalMilliseconds);
    }

    /// <summary>A saved source when only its name is given, else the document as it stands.</summary>
    internal static async Task<SourceDefinition> SourceOf(JsonObject document, SourceStore store, CancellationToken cancellationToken)
    {
        var content = document.DeepClone().AsObject();
        _ = content.Remove("kind");
        return content.Count == 1 && content["name"] is JsonValue name
            ? await store.GetAsync(name.GetValue<string>(), cancellationToken)
            : SourceStore.Read(content);
    }

    private async Task ResolveAsync(SourceDefinition source, List<ConnectionStep> steps, CancellationToken cancellationToken)
    {
        if (source.Host.StartsWith('/'))
        {
            steps.Add(new ConnectionStep("resolve", "ok", $"A socket in {source.Host}.", null));
            return;
        }

        try
        {
            var addresses = await Dns.GetHostAddressesAsync(source.Host, cancellationToken);
            steps.Add(new ConnectionStep("resolve", "ok", string.Join(", ", addresses.Select(a => a.ToString())), null));
        }
        catch (SocketException e)
        {
            throw Failed("resolve", e, source);
        }
    }

    private async Task ConnectAsync(SourceDefinition source, List<ConnectionStep> steps, CancellationToken cancellationToken)
    {
        if (source.Host.StartsWith('/'))
        {
            steps.Add(new ConnectionStep("connect", "ok", null, null));
            return;
        }

        using var limit = new CancellationTokenSource(source.ConnectTimeout, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(source.Host, source.Port, both.Token);
            steps.Add(new ConnectionStep("connect", "ok", $"{client.Client.RemoteEndPoint} accepts connections.", null));
        }
        catch (SocketException e)
        {
            throw Failed("connect", e, source);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed("connect", new TimeoutException(), source);
        }
    }

    private async Task<string> SignInAsync(SourceDefinition source, List<ConnectionStep> steps, CancellationToken cancellationToken)
    {
        var system = systems.For(source);
        string product, version;
        try
        {
            (product, version) = await system.SignInAsync(source, cancellationToken);
        }
        catch (LakePortalException e)
        {
            // The server looks at the password before the database: that one is missing means that signing in went well.
            if (e is SourceRefusedException { Reason: "unknown-database" or "database-privilege" } || e.Message.Contains("for database", StringComparison.Ordinal))
            {
                steps.Add(new ConnectionStep("sign-in", "ok", null, null));
                throw new StepFailedException("database", e.Message, e.Hint);
            }

            throw new StepFailedException("sign-in", e.Message, e.Hint);
        }

        steps.Add(new ConnectionStep("sign-in", "ok", $"As {source.Username}.", null));
        steps.Add(new ConnectionStep("database", "ok", source.Database.Length > 0 ? $"{source.Database}, {product} {version}." : $"{product} {version}.", null));
        await ReadAsync(source, system, steps, cancellationToken);
        await FollowAsync(source, system, steps, cancellationToken);
        return version;
    }

    private static async Task ReadAsync(SourceDefinition source, SourceSystem system, List<ConnectionStep> steps, CancellationToken cancellationToken)
    {
        try
        {
            var tables = (await system.ReadTablesAsync(source, cancellationToken)).Where(t => t.Kind is 'r' or 'p').ToList();
            var readable = tables.Count(t => t.CanRead);
            if (tables.Count > 0 && readable == 0)
            {
                throw new StepFailedException("read", $"'{source.Username}' may read none of the {tables.Count} tables.", system.GrantHint(source, tables[0]));
            }

            steps.Add(new ConnectionStep("read", "ok", tables.Count == 0 ? "The database has no tables yet." : $"{readable} of {tables.Count} tables can be read.", null));
        }
        catch (LakePortalException e)
        {
            throw new StepFailedException("read", e.Message, e.Hint);
        }
    }

    /// <summary>A server that does not give out its changes can still be loaded in batches: a warning, not a failure.</summary>
    private static async Task FollowAsync(SourceDefinition source, SourceSystem system, List<ConnectionStep> steps, CancellationToken cancellationToken)
    {
        try
        {
            steps.Add(await system.FindObstacleAsync(source, cancellationToken) is { } obstacle
                ? new ConnectionStep("follow", "warn", $"Loads work, modes cdc and bootstrap+cdc do not yet: {obstacle.Message}", obstacle.Hint)
                : new ConnectionStep("follow", "ok", "Changes can be read from the log.", null));
        }
        catch (LakePortalException e)
        {
            throw new StepFailedException("follow", e.Message, e.Hint);
        }
    }

    private StepFailedException Failed(string step, Exception e, SourceDefinition source)
    {
        var known = systems.For(source).Translate(e, source);
        return new StepFailedException(step, known?.Message ?? e.Message, known?.Hint);
    }

    private sealed class StepFailedException(string step, string message, string? hint) : Exception(message)
    {
        public string Step { get; } = step;

        public string? Hint { get; } = hint;
    }
}
