namespace LakePortal.Cli.Demo;

/// <summary>Questions that PostgreSQL and the lake answer with the same exact number.</summary>
internal static class SourceChecks
{
    private const string Sold = "status NOT IN ('FAILED', 'CANCELLED', 'RETURNED')";

    /// <summary>Expressions by table, in words both sides understand.</summary>
    public static readonly IReadOnlyList<(string Table, IReadOnlyList<string> Expressions)> ByTable =
    [
        ("users", ["count(*)", "sum(user_id)", "count(birth_date)", "count(DISTINCT email)", "sum(length(full_name))", "count(*) FILTER (WHERE marketing_consent)", "count(*) FILTER (WHERE segment = 'VIP')"]),
        ("products", ["count(*)", "sum(product_id)", "sum(price)", "sum(cost)", "count(weight_kg)", "count(DISTINCT category)", "count(*) FILTER (WHERE is_active)"]),
        ("orders", ["count(*)", "sum(order_id)", "sum(subtotal)", "sum(shipping)", "sum(total_amount)", "count(coupon)", "count(DISTINCT user_id)", "count(*) FILTER (WHERE status = 'DELIVERED')"]),
        ("order_items", ["count(*)", "sum(order_id)", "sum(quantity)", "sum(unit_price)", "sum(discount)", "sum(line_total)", "count(DISTINCT product_id)"]),
        ("payments", ["count(*)", "sum(payment_id)", "sum(amount)", "count(failure_code)", "count(*) FILTER (WHERE status = 'FAILED')", "count(*) FILTER (WHERE method = 'paypal')"]),
        ("support_tickets", ["count(*)", "sum(ticket_id)", "count(order_id)", "sum(satisfaction)", "sum(length(body))", "count(closed_at)"]),
        ("devices", ["count(*)", "count(DISTINCT device_id)", "sum(user_id)", "count(address)", "count(*) FILTER (WHERE is_online)"]),
    ];

    /// <summary>Results of the pipeline, and the same computed in the source.</summary>
    public static readonly IReadOnlyList<(string What, string Lake, string Source)> Results =
    [
        ("revenue and orders",
            "SELECT sum(revenue), sum(orders), sum(sales) FROM curated.sales_daily",
            $"SELECT sum(total_amount) FILTER (WHERE {Sold}), count(*), count(*) FILTER (WHERE {Sold}) FROM orders"),
        ("items sold",
            "SELECT sum(items) FILTER (WHERE is_sale), sum(item_total) FROM curated.sales",
            $"SELECT sum(quantity) FILTER (WHERE {Sold}), sum(line_total) FROM order_items JOIN orders USING (order_id)"),
        ("days with orders",
            "SELECT count(DISTINCT order_date) FROM curated.sales_daily",
            "SELECT count(DISTINCT (created_at AT TIME ZONE 'UTC')::date) FROM orders"),
        ("customers and their value",
            "SELECT count(*), sum(orders), sum(lifetime_value), count(last_order) FROM curated.customers",
            $"SELECT (SELECT count(*) FROM users), count(*), sum(total_amount) FILTER (WHERE {Sold}), count(DISTINCT user_id) FROM orders"),
        ("products sold, revenue, margin",
            "SELECT sum(sold), sum(revenue), sum(margin) FROM curated.products",
            $"SELECT sum(quantity), sum(line_total), sum(line_total - quantity * cost) FROM order_items JOIN orders USING (order_id) JOIN products USING (product_id) WHERE {Sold}"),
        ("failed payments",
            "SELECT sum(payments), sum(amount) FROM curated.payments_daily WHERE status = 'FAILED'",
            "SELECT count(*), sum(amount) FROM payments WHERE status = 'FAILED'"),
    ];
}
