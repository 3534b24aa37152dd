using LakePortal.Kernel.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace LakePortal.Kernel.Persistence;

/// <summary>
/// Base for a module's factory, so that <c>dotnet ef migrations add &lt;Name&gt; --project &lt;module&gt;</c> works without the host. Migrations are
/// scaffolded under SQLite; delete every <c>type:</c> argument afterwards (a test refuses them), the providers map the CLR types themselves.
/// </summary>
public abstract class DesignTimeModuleDb<TContext>(string moduleName) : IDesignTimeDbContextFactory<TContext>
    where TContext : ModuleDbContext
{
    public TContext CreateDbContext(string[] args)
    {
        var database = new ControlDatabase(new ControlDatabaseOptions(), new LakePaths(new LakeOptions { Data = Path.GetTempPath() }));
        var options = new DbContextOptionsBuilder<TContext>();
        database.Configure(options, moduleName);
        return (TContext)Activator.CreateInstance(typeof(TContext), options.Options)!;
    }
}
