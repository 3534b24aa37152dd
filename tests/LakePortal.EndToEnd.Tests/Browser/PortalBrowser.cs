using LakePortal.EndToEnd.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace LakePortal.EndToEnd.Tests.Browser;

/// <summary>Chromium in front of a lake's portal, with the first administrator signed in once <see cref="SignInAsync"/> ran.</summary>
internal sealed class PortalBrowser : IAsyncDisposable
{
    private const string NewPassword = "quiet harbour of three boats";

    private static readonly string[] Flags =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly TestLake _lake;

    private PortalBrowser(IPlaywright playwright, IBrowser browser, IPage page, TestLake lake) =>
        (_playwright, _browser, Page, _lake) = (playwright, browser, page, lake);

    public IPage Page { get; }

    public static async Task<PortalBrowser> OpenAsync(TestLake lake)
    {
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = ChromiumFactAttribute.Path, Headless = true, Args = Flags });
        var page = await browser.NewPageAsync(new() { BaseURL = lake.Portal.Url.ToString(), ViewportSize = new() { Width = 1400, Height = 1000 } });
        page.SetDefaultTimeout(20_000);
        SetDefaultExpectTimeout(30_000);
        return new PortalBrowser(playwright, browser, page, lake);
    }

    public async Task SignInAsync()
    {
        await Page.GotoAsync("/");
        await Expect(Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/sign-in"));
        await Page.GetByLabel("User name").FillAsync("admin");
        await Page.GetByLabel("Password").FillAsync(OneTimePassword());
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Page.Locator("#current").FillAsync(OneTimePassword());
        await Page.Locator("#new").FillAsync(NewPassword);
        await Page.Locator("#repeat").FillAsync(NewPassword);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Change password" }).ClickAsync();
        await Expect(Page.GetByRole(AriaRole.Link, new() { Name = "Sources" }).First).ToBeVisibleAsync();
    }

    /// <summary>What the page says, for a test that failed.</summary>
    public async Task<string> DescribeAsync() => $"The page at {Page.Url} says:\n{await Page.Locator("body").InnerTextAsync()}";

    /// <summary>Printed once, on the first start: <c>… one-time password &lt;word&gt; (…</c>.</summary>
    private string OneTimePassword()
    {
        const string Words = "one-time password ";
        lock (_lake.PortalLines)
        {
            var line = _lake.PortalLines.First(l => l.Contains(Words, StringComparison.Ordinal));
            return line[(line.IndexOf(Words, StringComparison.Ordinal) + Words.Length)..].Split(' ')[0];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
