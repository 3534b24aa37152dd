using LakePortal.Kernel.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LakePortal.TestSupport;

/// <summary>What every module's database part must keep (ADR 0003). Call with a started <see cref="TestLake"/> on either database.</summary>
public static class ModuleDatabaseChecks
{
    /// <summary>Migrations name no store types, schemas or SQL of one provider.</summary>
    public static void MigrationsArePortable(IServiceProvider services, Type contextType)
    {
        using var context = Open(services, contextType);
        var assembly = context.GetService<IMigrationsAssembly>();
        foreach (var migration in assembly.Migrations.Select(m => assembly.CreateMigration(m.Value, context.Database.ProviderName!)))
        {
            foreach (var operation in migration.UpOperations)
            {
                Assert.False(operation is SqlOperation or EnsureSchemaOperation, $"{migration.GetType().Name}: {operation.GetType().Name} is not portable.");
                foreach (var column in operation is CreateTableOperation create ? create.Columns.Cast<ColumnOperation>() : operation is ColumnOperation one ? [one] : [])
                {
                    Assert.True(column.ColumnType is null, $"{migration.GetType().Name}: column {column.Name} names the store type {column.ColumnType}.");
                    Assert.True(column.DefaultValueSql is null && column.ComputedColumnSql is null && column.Schema is null, $"{migration.GetType().Name}: column {column.Name} uses SQL or a schema.");
                }
            }
        }
    }

    /// <summary>Writes one made-up row of every entity and reads it back: the tables have every column of the model, with types that hold its values.</summary>
    public static async Task EveryEntityCanBeWrittenAndReadAsync(IServiceProvider services, Type contextType)
    {
        await using var context = Open(services, contextType);
        foreach (var entity in context.Model.GetEntityTypes().Where(e => !e.IsOwned()))
        {
            await using var writer = Open(services, contextType);
            await using var transaction = await writer.Database.BeginTransactionAsync();
            // Made without its constructor: rows have required members and no meaning here.
            var row = System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(entity.ClrType);
            var entry = writer.Entry(row);
            foreach (var property in entity.GetProperties())
            {
                entry.Property(property.Name).CurrentValue = Sample(property);
            }

            entry.State = EntityState.Added;
            await writer.SaveChangesAsync();
            var written = entity.GetProperties().ToDictionary(p => p.Name, p => entry.Property(p.Name).CurrentValue);
            writer.ChangeTracker.Clear();
            var keys = entity.FindPrimaryKey()!.Properties.Select(p => written[p.Name]).ToArray();
            var read = await writer.FindAsync(entity.ClrType, keys);
            Assert.True(read is not null, $"{entity.ClrType.Name} was not found again.");
            foreach (var property in entity.GetProperties())
            {
                Assert.Equal(written[property.Name], writer.Entry(read!).Property(property.Name).CurrentValue);
            }

            await transaction.RollbackAsync();
        }
    }

    private static DbContext Open(IServiceProvider services, Type contextType)
    {
        Assert.True(typeof(ModuleDbContext).IsAssignableFrom(contextType));
        var factory = services.GetRequiredService(typeof(IDbContextFactory<>).MakeGenericType(contextType));
        return (DbContext)factory.GetType().GetMethod("CreateDbContext")!.Invoke(factory, null)!;
    }

    private static object? Sample(IProperty property)
    {
        var type = Nullable.GetUnderlyingType(property.ClrType) ?? property.ClrType;
        return type switch
        {
            _ when type == typeof(string) => "ü 'x' \"y\" 🐟 {}",
            _ when type == typeof(bool) => true,
            _ when type == typeof(int) => int.MaxValue,
            _ when type == typeof(long) => property.IsConcurrencyToken ? 1L : long.MaxValue - 1,
            _ when type == typeof(double) => 0.1 + 0.2,
            _ when type == typeof(Guid) => Guid.Parse("0195f0aa-0000-7000-8000-000000000001"),
            _ when type == typeof(byte[]) => new byte[] { 0, 255, 1 },
            _ when type == typeof(DateTimeOffset) => new DateTimeOffset(2026, 3, 29, 1, 59, 59, TimeSpan.Zero).AddTicks(9_999_990),
            _ when type.IsEnum => Enum.GetValues(type).GetValue(Enum.GetValues(type).Length - 1),
            _ => throw new NotSupportedException($"{property.DeclaringType.DisplayName()}.{property.Name}: {type} is not one of the types that both databases hold alike."),
        };
    }
}
