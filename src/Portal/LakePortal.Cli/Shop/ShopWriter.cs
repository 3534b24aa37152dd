using LakePortal.Cli.Processes;
using Npgsql;

namespace LakePortal.Cli.Shop;

/// <summary>Keeps the shop busy: new orders, payments, shipping, changed customers, abandoned carts. One short transaction per change.</summary>
internal sealed class ShopWriter(PrivatePostgres server, ShopOptions options, double changesPerSecond)
{
    private const string NewOrder =
        """
        WITH o AS (
          INSERT INTO orders (user_id, status, channel, currency, subtotal, shipping, total_amount, coupon, shipping_address, created_at, updated_at)
          SELECT @user, 'NEW', 'web', 'EUR', p.price * @quantity, 4.95, p.price * @quantity + 4.95, NULL, '{"city": "Berlin"}', now(), now()
          FROM products p WHERE p.product_id = @product
          RETURNING order_id, user_id, total_amount)
        , i AS (
          INSERT INTO order_items (order_id, line_no, product_id, quantity, unit_price, discount, line_total, updated_at)
          SELECT o.order_id, 1, p.product_id, @quantity, p.price, 0, p.price * @quantity, now() FROM o, products p WHERE p.product_id = @product)
        INSERT INTO payments (order_id, user_id, attempt, method, status, amount, failure_code, gateway_response, created_at, updated_at)
        SELECT order_id, user_id, 1, 'card', (CASE WHEN @fails THEN 'FAILED' ELSE 'CAPTURED' END)::payment_status, total_amount,
               CASE WHEN @fails THEN 'card_declined' END, '{"gateway": "acq"}', now(), now() FROM o WHERE NOT @abandoned
        """;

    private const string Advance =
        """
        UPDATE orders SET status = CASE status WHEN 'NEW' THEN 'PAID' WHEN 'PAID' THEN 'SHIPPED' ELSE 'DELIVERED' END::order_status
        WHERE order_id = (SELECT order_id FROM orders WHERE status IN ('NEW', 'PAID', 'SHIPPED') ORDER BY updated_at LIMIT 1)
        """;

    private const string ChangeUser =
        "UPDATE users SET marketing_consent = NOT marketing_consent, preferences = preferences || '{\"theme\": \"dark\"}' WHERE user_id = @user";

    private const string Abandon =
        """
        WITH gone AS (
          SELECT order_id FROM orders o WHERE status = 'NEW' AND NOT EXISTS (SELECT FROM payments p WHERE p.order_id = o.order_id)
          ORDER BY order_id DESC LIMIT 1)
        , i AS (DELETE FROM order_items WHERE order_id IN (SELECT order_id FROM gone))
        DELETE FROM orders WHERE order_id IN (SELECT order_id FROM gone)
        """;

    private long _changes;

    public long Changes => Interlocked.Read(ref _changes);

    /// <summary>Runs until cancelled. A server that goes away ends it with its error.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var connection = await server.OpenAsync(ShopDatabase.Name, cancellationToken);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1 / changesPerSecond));
        // Goes on where the last writer stopped, so that runs differ and each is repeatable.
        var dice = new Dice(options.Seed ^ (ulong)await ScalarAsync(connection, "SELECT max(order_id) FROM orders", cancellationToken));
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            await using var command = NextChange(connection, ref dice);
            await command.ExecuteNonQueryAsync(cancellationToken);
            Interlocked.Increment(ref _changes);
        }
    }

    private NpgsqlCommand NextChange(NpgsqlConnection connection, ref Dice dice)
    {
        var user = (long)(1 + dice.Below(options.Users));
        var kind = dice.Unit();
        if (kind < .55)
        {
            return new NpgsqlCommand(NewOrder, connection)
            {
                Parameters =
                {
                    new("user", user), new("product", 1 + dice.Skewed(options.Products)), new("quantity", (short)dice.Between(1, 3)), new("fails", dice.Chance(.07)),
                    new("abandoned", dice.Chance(.12)),
                },
            };
        }

        return kind < .85 ? new NpgsqlCommand(Advance, connection)
            : kind < .95 ? new NpgsqlCommand(ChangeUser, connection) { Parameters = { new("user", user) } }
            : new NpgsqlCommand(Abandon, connection);
    }

    private static async Task<long> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
