using System.Globalization;
using LakePortal.Cli.Client;
using LakePortal.Cli.Commands;
using LakePortal.Cli.Shop;
using LakePortal.EndToEnd.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace LakePortal.EndToEnd.Tests.Browser;

/// <summary>What an operator does on the first day, click by click.</summary>
[Trait("Category", "Browser")]
public sealed class MainWayTests
{
    [ChromiumFact]
    public async Task From_the_sign_in_over_the_wizard_to_the_chart()
    {
        await using var lake = await TestLake.StartAsync();
        var shop = ShopOptions.Small(new DateTimeOffset(TimeProvider.System.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero));
        await ShopDatabase.EnsureAsync(lake.Postgres, shop, "read only", CancellationToken.None);

        await using var browser = await PortalBrowser.OpenAsync(lake);
        var page = browser.Page;
        var strangers = new List<string>();
        var errors = new List<string>();
        page.Request += (_, request) => Note(request.Url, strangers, lake.Portal.Url);
        page.PageError += (_, error) => errors.Add(error);

        try
        {
            await WalkAsync(browser, lake, shop);
        }
        catch (Exception e) when (e is TimeoutException or PlaywrightException)
        {
            Assert.Fail($"{e.Message}\n{await browser.DescribeAsync()}");
        }

        Assert.Empty(strangers);
        Assert.Empty(errors);
    }

    private static async Task WalkAsync(PortalBrowser browser, TestLake lake, ShopOptions shop)
    {
        var page = browser.Page;
        await browser.SignInAsync();
        await AddSourceAsync(page, lake);
        await FinishRunsAsync(lake);
        await OpenTableAsync(page);
        await RunSqlAsync(page, shop);
        await SeeChartsAsync(page, lake);
    }

    private static async Task AddSourceAsync(IPage page, TestLake lake)
    {
        await page.GotoAsync("/sources/new");
        // The page is there before it is alive; its preview of the names follows the typing once it is.
        await RetryAsync(
            async () =>
            {
                await page.Locator("#source-name").FillAsync("");
                await page.Locator("#source-name").FillAsync("shop");
            },
            page.GetByText("raw.shop_…"));
        await page.Locator("#source-host").FillAsync("127.0.0.1");
        await page.Locator("#source-port").FillAsync(lake.Postgres.Port.ToString(CultureInfo.InvariantCulture));
        await page.Locator("#source-database").FillAsync(ShopDatabase.Name);
        await page.Locator("#source-user").FillAsync(ShopDatabase.Reader);
        await page.Locator("#source-password").FillAsync("read only");
        await page.GetByRole(AriaRole.Button, new() { Name = "Choose tables" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Choose all shown" }).ClickAsync();
        await Expect(page.GetByText("7 of 7 chosen")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Options", Exact = true }).Last.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Review", Exact = true }).Last.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create and run now" }).ClickAsync();
        await Expect(page.GetByText("7 runs were started.")).ToBeVisibleAsync();
    }

    private static async Task FinishRunsAsync(TestLake lake)
    {
        foreach (var run in Listing.ItemsOf(await lake.Api.GetAsync("/api/v1/runs?kind=sync", CancellationToken.None)))
        {
            var ended = await lake.WaitAsync(run.GetProperty("id").GetString()!);
            Assert.True(RunWatcher.State(ended) == "succeeded", ended.GetRawText());
        }
    }

    private static async Task OpenTableAsync(IPage page)
    {
        await page.GotoAsync("/tables?ns=refined");
        await page.GetByRole(AriaRole.Link, new() { Name = "refined.shop_orders", Exact = true }).First.ClickAsync();
        await Expect(page.GetByText("total_amount").First).ToBeVisibleAsync();
        await page.GotoAsync("/tables/detail?ns=refined&name=shop_orders&tab=preview");
        await Expect(page.GetByText("DELIVERED").First).ToBeVisibleAsync();
    }

    private static async Task RunSqlAsync(IPage page, ShopOptions shop)
    {
        await page.GotoAsync("/sql?sql=" + Uri.EscapeDataString("SELECT 'orders: ' || count(*) AS answer FROM refined.shop_orders"));
        await RetryAsync(
            () => page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync(),
            page.GetByText(string.Create(CultureInfo.InvariantCulture, $"orders: {shop.Orders}")).First);
    }

    private static async Task SeeChartsAsync(IPage page, TestLake lake)
    {
        var samples = ApplyCommand.ReadTexts([Path.Combine(ServerAddress.Home(), "samples", "phase1")], TextReader.Null);
        await ApplyCommand.SendAsync(
            lake.Api, [.. samples.Where(s => Path.GetFileName(s.Origin) is "3-sales_daily.yaml" or "5-dashboard.yaml")], false, false, CancellationToken.None);
        var run = await lake.WaitAsync(await RunCommand.StartAsync(lake.Api, "sales_daily", [], null, null, CancellationToken.None));
        Assert.True(RunWatcher.State(run) == "succeeded", run.GetRawText());
        await page.GotoAsync("/dashboards");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sales" }).First.ClickAsync();
        await Expect(page.Locator("svg.chart")).ToHaveCountAsync(3);
        await Expect(page.Locator("svg.chart .mark").First).ToBeAttachedAsync();
        if (Environment.GetEnvironmentVariable("LAKE_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, "sales.png"), FullPage = true });
        }
    }

    /// <summary>Acts again until what should follow is there.</summary>
    private static async Task RetryAsync(Func<Task> act, ILocator expected)
    {
        for (var attempt = 1; ; attempt++)
        {
            await act();
            try
            {
                await Expect(expected).ToBeVisibleAsync(new() { Timeout = 3_000 });
                return;
            }
            catch (PlaywrightException) when (attempt < 10)
            {
                continue;
            }
        }
    }

    private static void Note(string url, List<string> strangers, Uri own)
    {
        var address = new Uri(url);
        if (address.Scheme is "http" or "https" && address.Authority != own.Authority)
        {
            strangers.Add(url);
        }
    }
}
