using LakePortal.Kernel.Hosting;
using LakePortal.Kernel.Persistence;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Quartz;

namespace LakePortal.Kernel.Scheduling;

internal static class SchedulingRegistration
{
    /// <summary>
    /// Quartz on the control database. Its tables are its own (<c>QRTZ_*</c>; on PostgreSQL in the schema <c>kernel</c>) and made by Quartz when
    /// they are missing. On PostgreSQL several portals form a cluster; SQLite has one by the lock on the data directory.
    /// </summary>
    public static void AddScheduling(this IServiceCollection services, ControlDatabase database, NodeIdentity node)
    {
        services.AddSingleton<IJobSchedule, JobSchedule>();
        services.AddQuartz(quartz =>
        {
            quartz.ConfigureScheduler(options =>
            {
                options.InstanceName = "LakePortal";
                options.InstanceId = node.Id;
                // A job learns of the stop by its token; the host waits for it no longer than its shutdown timeout.
                options.ShutdownJobInterruption = ShutdownJobInterruption.Always;
            });
            quartz.UseDefaultThreadPool(10);
            quartz.AddJobType<ScheduledJobRunner>();
            quartz.UsePersistentStore(store =>
            {
                store.ConfigureStore(options =>
                {
                    options.StoreJobDataAsStrings = true;
                    options.MisfireThreshold = TimeSpan.FromSeconds(60);
                });
                store.ProvisionSchema();
                if (database.IsPostgres)
                {
                    store.UsePostgres(NpgsqlFactory.Instance, database.ForModule("kernel"));
                    store.UseClustering(options => options.CheckinInterval = TimeSpan.FromSeconds(10));
                }
                else
                {
                    store.UseSqlite(SqliteFactory.Instance, database.ConnectionString);
                }
            });
        });
        services.AddQuartzHostedService(options =>
        {
            options.WaitForJobsToComplete = true;
            // Only after the modules have started: a job needs them.
            options.AwaitApplicationStarted = true;
        });
    }
}
