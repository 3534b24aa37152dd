using LakePortal.Portal.Parts;
using LakePortal.Serving.Contracts.Queries;
using Microsoft.Playwright;

namespace LakePortal.Portal.Tests.Browser;

/// <summary>What only a browser can show: keys, theme, the editor, size, and that no other host is asked.</summary>
public sealed class BrowserTests : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private PreviewHost _host = null!;

    public async Task InitializeAsync()
    {
        if (BrowserFactAttribute.Chromium is null)
        {
            return;
        }

        _host = await PreviewHost.StartAsync();
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = BrowserFactAttribute.Chromium, Args = ["--no-sandbox"] });
    }

    public async Task DisposeAsync()
    {
        if (_browser is null)
        {
            return;
        }

        await _browser.DisposeAsync();
        _playwright?.Dispose();
        await _host.DisposeAsync();
    }

    [BrowserFact]
    public async Task Every_page_opens_without_an_error_and_without_another_host()
    {
        await using var context = await _browser!.NewContextAsync();
        var page = await context.NewPageAsync();
        var problems = new List<string>();
        var foreign = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                problems.Add($"{page.Url}: {message.Text}");
            }
        };
        page.PageError += (_, error) => problems.Add($"{page.Url}: {error}");
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(_host.Address, StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
            {
                foreign.Add(request.Url);
            }
        };
        foreach (var url in Screens.All)
        {
            await OpenAsync(page, url);
        }

        Assert.Empty(problems);
        Assert.Empty(foreign);
    }

    [BrowserFact]
    public async Task Keys_lead_to_pages_but_not_while_typing()
    {
        await using var context = await _browser!.NewContextAsync();
        var page = await context.NewPageAsync();
        await OpenAsync(page, PortalUrls.Overview);
        await page.Keyboard.PressAsync("t");
        // Asked again and again: what is reached without a new document may be there before anybody waits for it.
        await Assertions.Expect(page).ToHaveURLAsync(_host.Address + "/tables");

        // The heading takes the focus of a new page: whoever is faster than that would lose it again.
        await Assertions.Expect(page.Locator("h1")).ToBeFocusedAsync();
        await page.Locator("main input[type=search]").ClickAsync();
        await page.Keyboard.TypeAsync("s");
        await Assertions.Expect(page).ToHaveURLAsync(_host.Address + "/tables?q=s");
        await page.Keyboard.PressAsync("Control+k");
        await page.Locator(".palette input").FillAsync("daily");
        await Assertions.Expect(page.Locator(".palette li").First).ToContainTextAsync("daily");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator(".palette")).ToHaveCountAsync(0);
    }

    [BrowserFact]
    public async Task Escape_closes_what_is_open_and_the_keyboard_goes_back_to_where_it_was()
    {
        await using var context = await _browser!.NewContextAsync();
        var page = await context.NewPageAsync();
        await OpenAsync(page, PortalUrls.Sql("SELECT 1"));
        await page.Locator(".cm-content").ClickAsync();
        await page.Keyboard.PressAsync("Control+k");
        await page.Locator(".palette input").WaitForAsync();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator(".cm-content")).ToBeFocusedAsync();
        await OpenAsync(page, PortalUrls.User("grace"));
        await Assertions.Expect(page.GetByLabel("Details")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.GetByLabel("Details")).ToHaveCountAsync(0);
    }

    [BrowserFact]
    public async Task The_theme_follows_the_system_before_the_first_paint_and_can_be_chosen()
    {
        await using var context = await _browser!.NewContextAsync(new BrowserNewContextOptions { ColorScheme = ColorScheme.Dark });
        var page = await context.NewPageAsync();
        await OpenAsync(page, PortalUrls.Overview);
        Assert.Equal("dark", await page.EvaluateAsync<string>("document.documentElement.dataset.theme"));
        await page.GetByLabel("Theme and time zone").ClickAsync();
        await page.GetByText("Light", new PageGetByTextOptions { Exact = true }).ClickAsync();
        await page.WaitForFunctionAsync("document.documentElement.dataset.theme === 'light'");
    }

    [BrowserFact]
    public async Task The_editor_runs_the_selection_and_marks_where_an_error_is()
    {
        await using var context = await _browser!.NewContextAsync();
        var page = await context.NewPageAsync();
        await OpenAsync(page, PortalUrls.Sql("SELECT 1"));
        await page.Locator(".cm-content").ClickAsync();
        await page.Keyboard.PressAsync("Control+a");
        await page.Keyboard.TypeAsync("SELECT 7;\nSELECT 8");
        await page.Keyboard.PressAsync("Shift+Home");
        await page.Keyboard.PressAsync("Control+Enter");
        await page.Locator("table.result").WaitForAsync();
        Assert.Equal("SELECT 8", _host.Sender.Requests<ExecuteQuery>().Last().Sql);
        _host.Sender.On<ExecuteQuery>(_ => throw new Kernel.Errors.InvalidInputException("Unknown column at line 1, column 8.", "Did you mean 'amount'?"));
        await page.Locator(".cm-content").ClickAsync();
        await page.Keyboard.PressAsync("Control+Enter");
        await page.Locator(".cm-lintRange-error").WaitForAsync();
        await Assertions.Expect(page.Locator(".results .hint")).ToHaveTextAsync("Did you mean 'amount'?");
    }

    [BrowserFact]
    public async Task Completion_knows_the_tables_of_the_catalog()
    {
        await using var context = await _browser!.NewContextAsync();
        var page = await context.NewPageAsync();
        await OpenAsync(page, PortalUrls.Sql("SELECT * FROM "));
        await page.Locator(".cm-content").ClickAsync();
        await page.Keyboard.PressAsync("Control+End");
        await page.Keyboard.TypeAsync("refined.shop_or");
        await Assertions.Expect(page.Locator(".cm-tooltip-autocomplete")).ToContainTextAsync("shop_order_items");
    }

    /// <summary>Set LAKEPORTAL_SCREENS to a folder to look at every page in both themes and two sizes.</summary>
    [BrowserFact]
    public async Task Pages_fit_their_window()
    {
        var folder = Environment.GetEnvironmentVariable("LAKEPORTAL_SCREENS");
        await FitAsync(ColorScheme.Light, 1440, 900, folder);
        await FitAsync(ColorScheme.Dark, 1440, 900, folder);
        await FitAsync(ColorScheme.Light, 390, 844, folder);
    }

    private async Task FitAsync(ColorScheme scheme, int width, int height, string? folder)
    {
        await using var context = await _browser!.NewContextAsync(new BrowserNewContextOptions { ColorScheme = scheme, ViewportSize = new ViewportSize { Width = width, Height = height } });
        var page = await context.NewPageAsync();
        foreach (var (url, number) in Screens.All.Select((u, i) => (u, i)))
        {
            await OpenAsync(page, url);
            if (folder is not null)
            {
                await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{scheme}-{width}-{number:00}.png") });
            }

            var overflow = await page.EvaluateAsync<int>("Math.max(document.documentElement.scrollWidth - document.documentElement.clientWidth, document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth)");
            Assert.True(overflow <= 0, $"{url} is {overflow} px wider than a window of {width}.");
        }
    }

    private async Task OpenAsync(IPage page, string url)
    {
        await page.GotoAsync(_host.Address + url);
        await page.Locator("html[data-shell=ready]").WaitForAsync();
        await Assertions.Expect(page.Locator("[aria-label=Loading]")).ToHaveCountAsync(0);
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
    }
}
