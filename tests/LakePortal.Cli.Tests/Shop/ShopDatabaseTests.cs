using LakePortal.Cli.Processes;
using LakePortal.Cli.Shop;
using Npgsql;

namespace LakePortal.Cli.Tests.Shop;

[Trait("Category", "Server")]
public sealed class ShopDatabaseTests : IAsyncLifetime
{
    private static readonly ShopOptions Options = ShopOptions.Small(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("lakeportal-shop-");
    private PrivatePostgres? _server;

    public async Task InitializeAsync()
    {
        // The server runs as another user, who has to pass through.
        File.SetUnixFileMode(_folder.FullName, (UnixFileMode)0b111_101_101);
        _server = await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _server!.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task The_tables_agree_with_each_other_and_a_second_call_leaves_them_alone()
    {
        var rows = await ShopDatabase.EnsureAsync(_server!, Options, "secret", CancellationToken.None);
        Assert.Equal(7, rows!.Count);
        foreach (var (table, count) in rows)
        {
            Assert.Equal(count, await ScalarAsync($"SELECT count(*) FROM {table}"));
        }

        Assert.Equal(0, await ScalarAsync("SELECT count(*) FROM orders LEFT JOIN users USING (user_id) WHERE users.user_id IS NULL"));
        Assert.Equal(0, await ScalarAsync("SELECT count(*) FROM order_items LEFT JOIN products USING (product_id) WHERE products.product_id IS NULL"));
        Assert.Equal(0, await ScalarAsync(
            "SELECT count(*) FROM orders o WHERE subtotal <> (SELECT sum(line_total) FROM order_items i WHERE i.order_id = o.order_id) OR total_amount <> subtotal + shipping"));
        Assert.Equal(0, await ScalarAsync("SELECT count(*) FROM orders o JOIN payments p USING (order_id) WHERE p.amount <> o.total_amount"));
        Assert.Null(await ShopDatabase.EnsureAsync(_server!, Options, "secret", CancellationToken.None));
    }

    [Fact]
    public async Task The_writer_inserts_updates_and_deletes()
    {
        await ShopDatabase.EnsureAsync(_server!, Options, "secret", CancellationToken.None);
        var orders = await ScalarAsync("SELECT count(*) FROM orders");
        var writer = new ShopWriter(_server!, Options, changesPerSecond: 400);
        using var stop = new CancellationTokenSource();
        var running = writer.RunAsync(stop.Token);
        while (writer.Changes < 400 && !running.IsCompleted)
        {
            await Task.Delay(20);
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.True(await ScalarAsync("SELECT count(*) FROM orders") > orders);
        var statistics = "SELECT sum({0}) FROM pg_stat_user_tables WHERE relname IN ('orders', 'users')";
        await ScalarAsync("SELECT 1 FROM pg_stat_force_next_flush()");
        await WaitForAsync(string.Format(null, statistics, "n_tup_upd"));
        await WaitForAsync(string.Format(null, statistics, "n_tup_del"));
    }

    [Fact]
    public async Task The_server_comes_back_with_its_data_after_its_end()
    {
        await _server!.ExecuteAsync("postgres", "CREATE TABLE kept (i int); INSERT INTO kept VALUES (42)", CancellationToken.None);
        await _server.DisposeAsync();
        _server = await StartAsync();
        await using var connection = await _server.OpenAsync("postgres", CancellationToken.None);
        await using var command = new NpgsqlCommand("SELECT i FROM kept", connection);
        Assert.Equal(42, await command.ExecuteScalarAsync());
    }

    private Task<PrivatePostgres> StartAsync() =>
        PrivatePostgres.StartAsync(Path.Combine(_folder.FullName, "postgres"), new Dictionary<string, string> { ["fsync"] = "off" }, CancellationToken.None);

    private async Task WaitForAsync(string sql)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (await ScalarAsync(sql) == 0)
        {
            await Task.Delay(100, patience.Token);
        }
    }

    private async Task<long> ScalarAsync(string sql)
    {
        await using var connection = await _server!.OpenAsync(ShopDatabase.Name, CancellationToken.None);
        await using var command = new NpgsqlCommand(sql, connection);
        return Convert.ToInt64(await command.ExecuteScalarAsync() ?? 0L, null);
    }
}
