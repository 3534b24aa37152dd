namespace LakePortal.Cli.Shop;

/// <summary>How big the shop is and when it ends. The same options give the same rows.</summary>
/// <param name="Seed">Seed of everything random.</param>
/// <param name="Until">The moment as of which the shop is described; its history is the two years before.</param>
internal sealed record ShopOptions(ulong Seed, DateTimeOffset Until)
{
    public const int Days = 730;

    public int Users { get; init; } = 40_000;

    public int Products { get; init; } = 1_200;

    public int Orders { get; init; } = 240_000;

    public int Tickets { get; init; } = 20_000;

    public int Devices { get; init; } = 25_000;

    public DateTimeOffset From => Until.AddDays(-Days);

    /// <summary>A small shop for tests.</summary>
    public static ShopOptions Small(DateTimeOffset until) => new(7, until) { Users = 400, Products = 50, Orders = 2_000, Tickets = 100, Devices = 100 };
}
