using System.Globalization;

namespace LakePortal.Cli.Shop;

/// <summary>The rows of each table, in the column order of Schema.sql.</summary>
internal sealed class ShopTables(ShopOptions options)
{
    private static readonly string[] Segments = ["CONSUMER", "CONSUMER", "CONSUMER", "CONSUMER", "BUSINESS", "VIP"];
    private static readonly string[] Priorities = ["low", "normal", "normal", "normal", "high", "urgent"];

    /// <summary>Name of the table, and what writes its rows; returns how many.</summary>
    public IReadOnlyList<(string Table, Func<CopyText, long> Write)> All =>
    [
        ("order_items", OrderItems), ("orders", Orders), ("payments", Payments), ("users", Users), ("products", Products),
        ("support_tickets", Tickets), ("devices", Devices),
    ];

    private long Users(CopyText row)
    {
        for (var id = 1; id <= options.Users; id++)
        {
            var dice = Dice.For(options.Seed, 1, id);
            var first = dice.Pick(Words.FirstNames);
            var last = dice.Pick(Words.LastNames);
            var createdAt = OrderPlan.SignUp(options, id);
            var age = 18 + (int)(55 * Math.Pow(dice.Unit(), 1.4));
            DateOnly? born = dice.Chance(.85) ? DateOnly.FromDateTime(createdAt.UtcDateTime).AddDays(-(age * 365) - dice.Below(365)) : null;
            row.Add(id).Add(string.Create(CultureInfo.InvariantCulture, $"user{id}@example.{dice.Pick(["com", "org", "net"])}")).Add($"{first} {last}")
                .Add(dice.Pick(Words.Countries)).Add(dice.Pick(Segments)).Day(born).Add(dice.Chance(.4))
                .Array(Words.Interests.Where((_, i) => (dice.Next() & 7) == (ulong)i % 3))
                .Add($$"""{"theme": "{{(dice.Chance(.3) ? "dark" : "light")}}", "newsletter": {{(dice.Chance(.4) ? "true" : "false")}}, "language": null}""")
                .At(createdAt).At(createdAt).End();
        }

        return options.Users;
    }

    private long Products(CopyText row)
    {
        for (var id = 1; id <= options.Products; id++)
        {
            var dice = Dice.For(options.Seed, 21, id);
            var category = Words.Categories[id % Words.Categories.Length];
            var price = OrderPlan.PriceCents(options, id);
            var createdAt = options.From.AddDays(-dice.Between(1, 300));
            row.Add(id).Add(string.Create(CultureInfo.InvariantCulture, $"{category[..2].ToUpperInvariant()}-{id:00000}"))
                .Add($"{dice.Pick(Words.Adjectives)} {dice.Pick(Words.Nouns)}").Add(category).Cents(price)
                .Add(string.Create(CultureInfo.InvariantCulture, $"{price * (45 + dice.Below(30)) / 10_000}.{dice.Below(10_000):0000}"));
            row = dice.Chance(.9) ? row.Add(Math.Round(.05 + (dice.Unit() * 12), 3)) : row.Null();
            row.Add($$"""{"colour": "{{dice.Pick(["black", "white", "green", "blue"])}}", "warranty_months": {{dice.Pick(["12", "24", "36"])}}, "size": [{{dice.Between(5, 90)}}, {{dice.Between(5, 90)}}]}""")
                .Array(dice.Chance(.5) ? ["new"] : dice.Chance(.5) ? ["sale", "last items"] : []).Add(dice.Chance(.93)).At(createdAt).At(createdAt).End();
        }

        return options.Products;
    }

    private long Orders(CopyText row)
    {
        var plan = new OrderPlan(options);
        for (var id = 1; id <= options.Orders; id++)
        {
            plan.Make(id);
            row.Add(id).Add(plan.UserId).Add(plan.Status).Add(plan.Channel).Add("EUR").Cents(plan.SubtotalCents).Cents(plan.ShippingCents)
                .Cents(plan.TotalCents).Add(plan.Coupon).Add($$"""{"city": "{{plan.City}}", "zip": "{{10000 + (id % 89999)}}"}""")
                .At(plan.CreatedAt).At(plan.UpdatedAt).End();
        }

        return options.Orders;
    }

    private long OrderItems(CopyText row)
    {
        var plan = new OrderPlan(options);
        var rows = 0L;
        for (var id = 1; id <= options.Orders; id++)
        {
            plan.Make(id);
            for (var i = 0; i < plan.Lines.Count; i++)
            {
                var line = plan.Lines[i];
                row.Add(id).Add(i + 1).Add(line.ProductId).Add(line.Quantity).Cents(line.UnitCents)
                    .Add(string.Create(CultureInfo.InvariantCulture, $"0.{line.DiscountPercent:00}00")).Cents(line.TotalCents).At(plan.CreatedAt).End();
            }

            rows += plan.Lines.Count;
        }

        return rows;
    }

    private long Payments(CopyText row)
    {
        var plan = new OrderPlan(options);
        var rows = 0L;
        for (var id = 1; id <= options.Orders; id++)
        {
            plan.Make(id);
            foreach (var payment in plan.Payments)
            {
                row.Add(++rows).Add(id).Add(plan.UserId).Add(payment.Attempt).Add(payment.Method).Add(payment.Status).Cents(plan.TotalCents)
                    .Add(payment.FailureCode).Add($$"""{"gateway": "{{(payment.Method == "paypal" ? "pp" : "acq")}}", "ok": {{(payment.FailureCode is null ? "true" : "false")}}}""")
                    .At(payment.At).At(payment.UpdatedAt).End();
            }
        }

        return rows;
    }

    private long Tickets(CopyText row)
    {
        var plan = new OrderPlan(options);
        for (var id = 1; id <= options.Tickets; id++)
        {
            var dice = Dice.For(options.Seed, 31, id);
            plan.Make(1 + dice.Below(options.Orders));
            var aboutOrder = dice.Chance(.8);
            var topic = dice.Below(Words.Subjects.Length);
            var openedAt = plan.CreatedAt.AddHours(1 + (dice.Unit() * 200));
            openedAt = openedAt < options.Until ? openedAt : options.Until;
            DateTimeOffset? closedAt = dice.Chance(.9) ? openedAt.AddHours(.5 + (dice.Unit() * 90)) : null;
            closedAt = closedAt < options.Until ? closedAt : null;
            row.Add(id).Add(plan.UserId);
            row = aboutOrder ? row.Add(plan.OrderId) : row.Null();
            row.Add(dice.Pick(Priorities)).Add(Words.Subjects[topic]).Add(Words.Bodies[topic]).Array([dice.Pick(Words.Labels), dice.Pick(Words.Labels)]);
            row = closedAt is not null && dice.Chance(.6) ? row.Add(dice.Between(1, 5)) : row.Null();
            row.At(openedAt);
            row = closedAt is { } closed ? row.At(closed) : row.Null();
            row.At(closedAt ?? openedAt).End();
        }

        return options.Tickets;
    }

    private long Devices(CopyText row)
    {
        Span<byte> bytes = stackalloc byte[16];
        for (var id = 1; id <= options.Devices; id++)
        {
            var dice = Dice.For(options.Seed, 41, id);
            BitConverter.TryWriteBytes(bytes, dice.Next());
            BitConverter.TryWriteBytes(bytes[8..], dice.Next());
            var user = 1 + dice.Below(options.Users);
            var registeredAt = OrderPlan.SignUp(options, user).AddDays(dice.Unit() * 60);
            registeredAt = registeredAt < options.Until ? registeredAt : options.Until;
            row.Add(new Guid(bytes).ToString()).Add(user).Add(dice.Pick(Words.DeviceModels))
                .Add(string.Create(CultureInfo.InvariantCulture, $"{dice.Between(1, 4)}.{dice.Below(10)}.{dice.Below(30)}"));
            row = dice.Chance(.9) ? row.Add(string.Create(CultureInfo.InvariantCulture, $"10.{dice.Below(256)}.{dice.Below(256)}.{dice.Between(1, 254)}")) : row.Null();
            row.Add(60 + (dice.Unit() * 25)).Add($$"""{"interval_s": {{dice.Pick(["10", "30", "60"])}}, "alarms": [{{dice.Between(50, 80)}}]}""")
                .Add(dice.Chance(.75)).At(registeredAt).At(registeredAt).End();
        }

        return options.Devices;
    }
}
