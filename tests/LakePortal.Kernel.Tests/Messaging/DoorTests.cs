using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Modules;
using LakePortal.TestSupport;
using MediatR;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Kernel.Tests.Messaging;

[RequiresPermission(Permissions.SourcesWrite)]
internal sealed record PutThing(string Name) : IRequest<string>, IAuditedRequest
{
    public string AuditObject => $"thing/{Name}";
}

[RequiresPermission(Permissions.SourcesRead)]
internal sealed record ReadThing : IRequest<string>;

[AllowAnonymousRequest("A test of what anyone may send.")]
internal sealed record Knock : IRequest<string>;

internal sealed class PutThingValidator : IRequestValidator<PutThing>
{
    public IEnumerable<InputFault> Validate(PutThing request)
    {
        if (request.Name.Length == 0)
        {
            yield return new InputFault("name", "A thing has a name.", "Give it one.");
        }

        if (request.Name.Contains(' ', StringComparison.Ordinal) || request.Name.Length == 0)
        {
            yield return new InputFault("name", "Names have no blanks and at least one letter.");
        }
    }
}

internal sealed class ThingHandlers(ICallerAccessor callers) : IRequestHandler<PutThing, string>, IRequestHandler<ReadThing, string>, IRequestHandler<Knock, string>
{
    public async Task<string> Handle(PutThing request, CancellationToken cancellationToken)
    {
        await Task.Yield();
        return request.Name == "broken" ? throw new InvalidDataException("disk") : callers.Current!.User;
    }

    public Task<string> Handle(ReadThing request, CancellationToken cancellationToken) => Task.FromResult("read");

    public Task<string> Handle(Knock request, CancellationToken cancellationToken) => Task.FromResult(callers.Current?.User ?? "nobody");
}

public sealed class DoorTests : IAsyncLifetime
{
    private TestLake _lake = null!;

    private sealed class TestModule : IModule
    {
        public string Name => "test";

        public void AddServices(IServiceCollection services, IConfiguration configuration)
        {
        }

        public Task StartAsync(IServiceProvider services, CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private RecordingAuditTrail Trail => (RecordingAuditTrail)_lake.Services.GetRequiredService<IAuditTrail>();

    public async Task InitializeAsync() => _lake = await TestLake.StartAsync([new TestModule()]);

    public async Task DisposeAsync() => await _lake.DisposeAsync();

    private async Task<T> SendAsNobodyAsync<T>(IRequest<T> request)
    {
        await using var scope = _lake.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IMediator>().Send(request);
    }

    [Fact]
    public async Task A_permitted_change_runs_and_leaves_one_row()
    {
        Assert.Equal("tester", await _lake.SendAsync(new PutThing("a"), TestLake.CallerWith(Permissions.SourcesWrite)));
        Assert.Equal([("tester", "api", "kernel.put-thing", "thing/a", "ok", null)], Trail.Rows);
    }

    [Fact]
    public async Task A_refusal_leaves_a_row_for_reads_as_well_and_the_handler_does_not_run()
    {
        var denied = await Assert.ThrowsAsync<PermissionDeniedException>(() => _lake.SendAsync(new PutThing("broken"), TestLake.CallerWith(Permissions.SourcesRead)));
        Assert.Equal(Permissions.SourcesWrite, denied.Permission);
        await Assert.ThrowsAsync<PermissionDeniedException>(() => _lake.SendAsync(new ReadThing(), TestLake.CallerWith()));
        Assert.Equal(["kernel.put-thing denied sources.write", "kernel.read-thing denied sources.read"], Trail.Rows.Select(r => $"{r.Action} {r.Outcome} {r.Detail}"));
    }

    [Fact]
    public async Task Permission_comes_before_validation_and_all_faults_come_at_once()
    {
        await Assert.ThrowsAsync<PermissionDeniedException>(() => _lake.SendAsync(new PutThing(""), TestLake.CallerWith()));
        var invalid = await Assert.ThrowsAsync<InvalidInputException>(() => _lake.SendAsync(new PutThing(""), TestLake.CallerWith(Permissions.SourcesWrite)));
        Assert.Equal(2, invalid.Faults.Count);
    }

    [Fact]
    public async Task A_failed_change_leaves_a_row_without_the_exceptions_text()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() => _lake.SendAsync(new PutThing("broken"), TestLake.CallerWith(Permissions.SourcesWrite)));
        Assert.Equal(("failed", "InvalidDataException"), Trail.Rows.Select(r => (r.Outcome, r.Detail)).Single());
    }

    [Fact]
    public async Task Without_a_caller_only_anonymous_requests_are_answered()
    {
        Assert.Equal("nobody", await SendAsNobodyAsync(new Knock()));
        await Assert.ThrowsAsync<NotSignedInException>(() => SendAsNobodyAsync(new ReadThing()));
    }

    [Fact]
    public async Task The_caller_of_one_flow_is_not_that_of_another_and_ends_with_its_scope()
    {
        var callers = _lake.Services.GetRequiredService<ICallerAccessor>();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            using var entered = callers.Enter(TestLake.CallerWith() with { User = $"user{i}" });
            await Task.Yield();
            Assert.Equal($"user{i}", callers.Current!.User);
            using (callers.Enter(Caller.System))
            {
                await Task.Yield();
                Assert.Equal("system", callers.Current!.User);
            }

            Assert.Equal($"user{i}", callers.Current!.User);
        }));
        Assert.Null(callers.Current);
    }

    [Fact]
    public void The_catalog_finds_every_request_that_breaks_a_rule()
    {
        var faults = new RequestCatalog([typeof(Broken).Assembly]).FindFaults();
        Assert.Equal(
            [
                $"{typeof(Broken).FullName} must carry either [RequiresPermission] or [AllowAnonymousRequest].",
                $"{typeof(Broken).FullName} must have exactly one handler; found none.",
            ],
            faults);
    }

    internal sealed record Broken : IRequest<string>;
}
