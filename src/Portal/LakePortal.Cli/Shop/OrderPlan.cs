namespace LakePortal.Cli.Shop;

/// <summary>One order with its lines and payments, made from its number alone: three tables are written from it side by side and agree.</summary>
internal sealed class OrderPlan(ShopOptions options)
{
    private const ulong Kind = 3;
    private readonly Calendar _calendar = new(options);

    public readonly record struct Line(int ProductId, int Quantity, long UnitCents, int DiscountPercent, long TotalCents);

    public readonly record struct Payment(int Attempt, string Method, string Status, string? FailureCode, DateTimeOffset At, DateTimeOffset UpdatedAt);

    public long OrderId { get; private set; }

    public long UserId { get; private set; }

    public string Status { get; private set; } = "";

    public string Channel { get; private set; } = "";

    public string? Coupon { get; private set; }

    public long SubtotalCents { get; private set; }

    public long ShippingCents { get; private set; }

    public long TotalCents => SubtotalCents + ShippingCents;

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset UpdatedAt { get; private set; }

    public string City { get; private set; } = "";

    public List<Line> Lines { get; } = [];

    public List<Payment> Payments { get; } = [];

    /// <summary>Orders are numbered from 1 in the order of time. The instance is used again for the next one.</summary>
    public void Make(long orderId)
    {
        var dice = Dice.For(options.Seed, Kind, orderId);
        OrderId = orderId;
        CreatedAt = _calendar.MomentOf(orderId - 1, options.Orders, ref dice);
        UserId = Buyer(ref dice);
        Channel = dice.Pick(Words.Channels);
        City = dice.Pick(Words.Cities);
        var sale = Calendar.IsSale(CreatedAt);
        Coupon = sale && dice.Chance(.5) ? "BLACKWEEK" : dice.Chance(.06) ? "WELCOME10" : null;
        MakeLines(sale, ref dice);
        ShippingCents = SubtotalCents >= 5_000 ? 0 : 495;
        MakePayments(ref dice);
    }

    public static long PriceCents(ShopOptions options, int productId)
    {
        var dice = Dice.For(options.Seed, 2, productId);
        // From 3 to about 400, most of it below 60.
        var price = 3 + (Math.Pow(dice.Unit(), 3) * 400);
        return ((long)price * 100) + (dice.Chance(.6) ? 99 : 49);
    }

    /// <summary>Customers are numbered by their sign-up; how many there are at a moment follows the shop's growth.</summary>
    public static DateTimeOffset SignUp(ShopOptions options, long userId)
    {
        var dice = Dice.For(options.Seed, 11, userId);
        var share = (userId - 1 + dice.Unit()) / options.Users;
        // The first 30 % had signed up before the history begins.
        return share < .3
            ? options.From.AddDays(-600 * (1 - (share / .3)))
            : options.From.AddDays(ShopOptions.Days * Math.Pow((share - .3) / .7, 1 / 1.2));
    }

    private long Buyer(ref Dice dice)
    {
        var progress = Math.Clamp((CreatedAt - options.From) / TimeSpan.FromDays(ShopOptions.Days), 0, 1);
        var signedUp = Math.Max(1, (int)(options.Users * (.3 + (.7 * Math.Pow(progress, 1.2)))) - 1);
        for (var attempt = 0; attempt < 12; attempt++)
        {
            // A third of the orders come from people who have just signed up, the others from the base, of which a few buy a lot.
            var user = dice.Chance(.3) ? signedUp - dice.Below(Math.Min(signedUp, Math.Max(1, options.Users / 50))) : 1 + dice.Below(signedUp);
            var profile = Dice.For(options.Seed, 12, user);
            var eagerness = Math.Pow(profile.Unit(), 2);
            var churns = profile.Chance(.35);
            var churnedAt = SignUp(options, user).AddDays(30 + (500 * profile.Unit()));
            if (dice.Unit() < .05 + eagerness && !(churns && CreatedAt > churnedAt))
            {
                return user;
            }
        }

        return signedUp;
    }

    private void MakeLines(bool sale, ref Dice dice)
    {
        Lines.Clear();
        SubtotalCents = 0;
        var count = 1 + (dice.Chance(.55) ? 1 : 0) + (dice.Chance(.3) ? 1 : 0) + (dice.Chance(.1) ? dice.Between(1, 4) : 0);
        for (var i = 0; i < count; i++)
        {
            var product = 1 + dice.Skewed(options.Products);
            var unit = PriceCents(options, product);
            var quantity = dice.Chance(.8) ? 1 : dice.Between(2, 5);
            var discount = sale ? dice.Pick([10, 20, 30]) : Coupon == "WELCOME10" ? 10 : 0;
            // Half a cent is rounded up, as the shop's cash desk does.
            var total = ((unit * quantity * (100 - discount)) + 50) / 100;
            Lines.Add(new Line(product, quantity, unit, discount, total));
            SubtotalCents += total;
        }
    }

    private void MakePayments(ref Dice dice)
    {
        Payments.Clear();
        var risky = Dice.For(options.Seed, 13, UserId).Chance(.03);
        var age = options.Until - CreatedAt;
        var at = CreatedAt.AddSeconds(dice.Between(5, 240));
        var paid = false;
        var method = dice.Pick(["card", "card", "card", "paypal", "paypal", "wallet", "bank_transfer"]);
        for (var attempt = 1; attempt <= 3 && !paid; attempt++)
        {
            // Two bad days of one provider in the history, for the charts to find.
            var outage = method == "paypal" && (options.Until - at).Days is 41 or 260;
            paid = !dice.Chance(outage ? .6 : risky ? .5 : .045);
            Payments.Add(new Payment(attempt, method, paid ? "CAPTURED" : "FAILED", paid ? null : outage ? "gateway_timeout" : dice.Pick(Words.FailureCodes), at, at));
            at = at.AddSeconds(dice.Between(20, 900));
            method = dice.Chance(.3) ? "card" : method;
        }

        UpdatedAt = at;
        var fate = dice.Unit();
        Status = !paid ? "FAILED"
            : fate < .03 ? "CANCELLED"
            : age < TimeSpan.FromHours(12) ? "PAID"
            : age < TimeSpan.FromDays(3) ? "SHIPPED"
            : fate < .07 ? "RETURNED"
            : "DELIVERED";
        if (Status is "CANCELLED" or "RETURNED")
        {
            var refunded = Earlier(at.AddHours(Status == "RETURNED" ? 240 * fate / .07 : 6));
            Payments[^1] = Payments[^1] with { Status = "REFUNDED", UpdatedAt = refunded };
            UpdatedAt = refunded;
        }
        else if (Status is "SHIPPED" or "DELIVERED")
        {
            UpdatedAt = Earlier(at.AddHours(Status == "SHIPPED" ? 10 : 60));
        }

        UpdatedAt = Earlier(UpdatedAt);
    }

    private DateTimeOffset Earlier(DateTimeOffset at) => at < options.Until ? at : options.Until;
}
