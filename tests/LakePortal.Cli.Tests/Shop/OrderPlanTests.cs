using LakePortal.Cli.Shop;

namespace LakePortal.Cli.Tests.Shop;

public sealed class OrderPlanTests
{
    private static readonly ShopOptions Options = new(7, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) { Users = 4_000, Orders = 20_000 };

    [Fact]
    public void The_same_seed_gives_the_same_rows_and_another_seed_others()
    {
        var text = Rows(Options);
        Assert.Equal(text, Rows(Options));
        Assert.NotEqual(text, Rows(Options with { Seed = 8 }));

        static string Rows(ShopOptions options)
        {
            using var output = new StringWriter();
            foreach (var (_, write) in new ShopTables(options with { Users = 50, Orders = 50, Products = 50, Tickets = 50, Devices = 50 }).All)
            {
                write(new CopyText(output));
            }

            return output.ToString();
        }
    }

    [Fact]
    public void An_order_costs_what_its_lines_cost()
    {
        foreach (var plan in Plans())
        {
            Assert.Equal(plan.Lines.Sum(l => l.TotalCents), plan.SubtotalCents);
            Assert.All(plan.Lines, l => Assert.InRange(l.ProductId, 1, Options.Products));
            Assert.InRange(plan.UserId, 1, Options.Users);
        }
    }

    [Fact]
    public void Time_passes_in_the_order_of_the_numbers_and_never_beyond_the_end()
    {
        var last = Options.From;
        foreach (var plan in Plans())
        {
            // Within one day and hour the order of the numbers is kept as well.
            Assert.InRange(plan.CreatedAt, last.AddHours(-1), Options.Until);
            Assert.InRange(plan.UpdatedAt, Options.From, Options.Until);
            last = plan.CreatedAt;
        }
    }

    [Fact]
    public void Nobody_buys_before_signing_up() =>
        Assert.All(Plans(), plan => Assert.True(OrderPlan.SignUp(Options, plan.UserId) <= plan.CreatedAt.AddDays(2)));

    [Fact]
    public void The_shop_is_believable()
    {
        var plans = Plans().Select(p => (p.UserId, p.Status, Paid: p.Payments[^1].Status != "FAILED", Tries: p.Payments.Count, p.CreatedAt)).ToList();
        Assert.InRange(plans.Count(p => p.Tries > 1) / (double)plans.Count, .03, .12);
        Assert.Equal(plans.Where(p => !p.Paid), plans.Where(p => p.Status == "FAILED"));
        var perUser = plans.GroupBy(p => p.UserId).Select(g => g.Count()).ToList();
        Assert.InRange(perUser.Count / (double)Options.Users, .5, 1);
        Assert.True(perUser.Max() > 10, "Some customers come back often.");
        var november = plans.Count(p => Calendar.IsSale(p.CreatedAt)) / 16.0;
        Assert.True(november > 1.5 * plans.Count / ShopOptions.Days, "The sale in November shows.");
    }

    private static IEnumerable<OrderPlan> Plans()
    {
        var plan = new OrderPlan(Options);
        for (var id = 1; id <= Options.Orders; id++)
        {
            plan.Make(id);
            yield return plan;
        }
    }
}
