using LakePortal.Engine.Queries;
using LakePortal.Engine.Writing.Compaction;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.IO;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace LakePortal.Engine.Writing;

public static class WriterServices
{
    /// <summary>
    /// Registers <see cref="ILakeWriter"/> with options from the section <c>Writer</c>. Needs <see cref="ITableCatalog"/> and <see cref="IFileIO"/>, and for
    /// <see cref="ILakeWriter.WriteQueryAsync"/> the query engine.
    /// </summary>
    public static IServiceCollection AddLakePortalWriter(this IServiceCollection services)
    {
        services.AddOptions<WriterOptions>().BindConfiguration(WriterOptions.SectionName).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new LakeWriter(
            provider.GetRequiredService<ITableCatalog>(), provider.GetRequiredService<IFileIO>(), provider.GetService<IBoundQueryFactory>(),
            provider.GetRequiredService<IOptions<WriterOptions>>().Value, provider.GetRequiredService<TimeProvider>())
        {
            Scanner = provider.GetService<ITableScanner>(),
        });
        services.TryAddSingleton<ILakeWriter>(provider => provider.GetRequiredService<LakeWriter>());
        services.TryAddSingleton<ITableCompactor>(provider => provider.GetRequiredService<LakeWriter>().Compactor(_ => Task.CompletedTask));
        return services;
    }

    /// <summary>A writer without a host, for tools and tests; it has staging areas but no queries.</summary>
    public static ILakeWriter CreateStagingWriter(ITableCatalog catalog, IFileIO io, WriterOptions options, TimeProvider time) =>
        new LakeWriter(catalog, io, queries: null, options, time);
}
