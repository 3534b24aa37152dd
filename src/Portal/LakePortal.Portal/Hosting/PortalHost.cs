using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.RateLimiting;
using LakePortal.Governance;
using LakePortal.Ingestion;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Hosting;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Modules;
using LakePortal.Kernel.Telemetry;
using LakePortal.Portal.Hosting.Errors;
using LakePortal.Portal.Hosting.Health;
using LakePortal.Portal.Hosting.Identity;
using LakePortal.Processing;
using LakePortal.Serving;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.RateLimiting;
using OpenTelemetry.Metrics;

namespace LakePortal.Portal.Hosting;

/// <summary>Builds, starts and runs the one process.</summary>
internal static class PortalHost
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(8);

    /// <summary>In start order: a module may rely on those before it being started.</summary>
    public static IReadOnlyList<IModule> Modules() =>
        [new GovernanceModule(), new ServingModule(), new IngestionModule(), new ProcessingModule()];

    /// <returns>Exit code: 0 stopped as asked, 1 could not start.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var started = TimeProvider.System.GetTimestamp();
        Privacy.KeepNewFilesPrivate();
        try
        {
            await using var app = Build(args);
            using var held = DataDirectoryLock.Take(app.Services.GetRequiredService<LakePaths>());
            await StartAsync(app);
            app.Lifetime.ApplicationStarted.Register(() => AnnounceReady(app, started));
            app.Lifetime.ApplicationStopping.Register(() => AnnounceStopping(app));
            await app.RunAsync();
            return 0;
        }
        catch (LakePortalException error)
        {
            await Console.Error.WriteLineAsync($"error: {error.Message}");
            await Console.Error.WriteLineAsync($"hint: {error.Hint}");
        }
        catch (IOException error) when (error.InnerException is SocketException || error.InnerException?.InnerException is SocketException)
        {
            await Console.Error.WriteLineAsync($"error: {error.Message}");
            await Console.Error.WriteLineAsync("hint: Another program uses the address; choose another with --port or --bind.");
        }

        return 1;
    }

    public static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            // Whoever hosts it (a test, too): the names of the static files are found by it.
            ApplicationName = typeof(PortalHost).Assembly.GetName().Name,
            Args = [],
            ContentRootPath = PortalSettings.ContentRoot(),
        });
        PortalSettings.Load(builder.Configuration, args);
        var options = PortalSettings.Options(builder.Configuration);
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.UseUrls(PortalSettings.Url(options));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxRequestBytes;
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Drain);
        AddServices(builder.Services, builder.Configuration, options);
        var app = builder.Build();
        Configure(app);
        return app;
    }

    /// <summary>Migrates, checks that every request has its permission and handler, starts the modules.</summary>
    public static async Task StartAsync(WebApplication app)
    {
        var paths = app.Services.GetRequiredService<LakePaths>();
        PortalSettings.EmptyTemporary(paths);
        PortalSettings.MakePrivate(paths, !app.Services.GetRequiredService<Kernel.Persistence.ControlDatabase>().IsPostgres);
        RequireSoundRequests(app.Services.GetRequiredService<RequestCatalog>());
        await app.Services.StartLakePortalAsync(app.Lifetime.ApplicationStopping);
        app.Services.GetRequiredService<Readiness>().ModulesStarted = true;
    }

    private static void AddServices(IServiceCollection services, ConfigurationManager configuration, PortalOptions options)
    {
        services.AddSingleton(options);
        services.AddLakePortal(configuration, Modules());
        services.AddSingleton<Readiness>();
        services.AddSingleton<StopMiddleware>();
        services.AddSingleton<IReadiness>(s => s.GetRequiredService<Readiness>());
        services.AddPortalIdentity(options);
        services.AddDataProtection().SetApplicationName("LakePortal")
            .PersistKeysToFileSystem(new DirectoryInfo(new LakePaths(configuration.GetSection(LakeOptions.SectionName).Get<LakeOptions>() ?? new LakeOptions()).Keys));
        services.AddPortalUi();
        services.AddOpenApi("v1");
        services.ConfigureHttpJsonOptions(json => ConfigureJson(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddRateLimiter(limiter =>
        {
            limiter.OnRejected = static (rejected, _) => SignInLimitReached(rejected.HttpContext);
            limiter.AddPolicy(SignInLimit, context => RateLimitPartition.GetFixedWindowLimiter(
                context.Connection.RemoteIpAddress?.ToString() ?? "unknown",
                _ => new FixedWindowRateLimiterOptions { PermitLimit = 30, Window = SignInWindow }));
        });
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(LakeMetrics.MeterName)
            .AddAspNetCoreInstrumentation()
            .AddMeter("System.Runtime")
            .AddPrometheusExporter());
    }

    public const string SignInLimit = "sign-in";

    private static readonly TimeSpan SignInWindow = TimeSpan.FromMinutes(1);

    private static async ValueTask SignInLimitReached(HttpContext context)
    {
        context.Response.Headers.RetryAfter = SignInWindow.TotalSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await Problems.WriteAsync(
            context, StatusCodes.Status429TooManyRequests, "portal.too-many-sign-ins", "Too many sign-ins came from this address.", "Wait a minute.", []);
    }

    public static void ConfigureJson(JsonSerializerOptions json)
    {
        json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        json.AllowDuplicateProperties = false;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals;
        json.Converters.Add(new WholeObjectConverter());
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower));
        json.RespectNullableAnnotations = true;
        json.RespectRequiredConstructorParameters = true;
    }

    private static void Configure(WebApplication app)
    {
        app.UseMiddleware<ProblemMiddleware>();
        app.UseMiddleware<StopMiddleware>();
        app.Use(SecurityHeaders.AddAsync);
        app.UseMiddleware<NoSuchPageMiddleware>();
        app.UseRouting();
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseMiddleware<CallerMiddleware>();
        app.UseAuthorization();
        app.UseAntiforgery();
        app.MapStaticAssets().AllowAnonymous();
        app.MapOpenApi("/openapi/{documentName}.json");
        app.MapPrometheusScrapingEndpoint("/metrics").RequireAuthorization(Schemes.SystemReader);
        ApiEndpoints.MapAll(app);
        app.MapPortalUi();
    }

    /// <exception cref="InvalidOperationException">A request lacks its permission, or has no handler or several: a fault of the program.</exception>
    internal static void RequireSoundRequests(RequestCatalog requests)
    {
        if (requests.FindFaults() is { Count: > 0 } faults)
        {
            throw new InvalidOperationException($"The modules break rules of the house:\n{string.Join('\n', faults)}");
        }
    }

    private static void AnnounceReady(WebApplication app, long started)
    {
        var paths = app.Services.GetRequiredService<LakePaths>();
        var elapsed = TimeProvider.System.GetElapsedTime(started);
        PortalLog.Ready(
            app.Logger, elapsed.TotalMilliseconds, paths.Data,
            app.Services.GetRequiredService<Kernel.Persistence.ControlDatabase>().IsPostgres ? "PostgreSQL" : "SQLite");
        // Programs that start the portal wait for this line.
        Console.WriteLine($"ready {app.Urls.First()}/");
    }

    private static void AnnounceStopping(WebApplication app)
    {
        app.Services.GetRequiredService<Readiness>().IsStopping = true;
        PortalLog.Stopping(app.Logger, Drain.TotalSeconds);
    }
}
