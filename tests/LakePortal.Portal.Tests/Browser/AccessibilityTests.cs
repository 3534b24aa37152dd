using LakePortal.Portal.Parts;
using Microsoft.Playwright;

namespace LakePortal.Portal.Tests.Browser;

/// <summary>Every page, and what opens above pages, by the rules of WCAG 2.2 AA, in both themes.</summary>
public sealed class AccessibilityTests
{
    [AxeFact]
    public async Task Nothing_breaks_a_rule_seriously()
    {
        var axe = Axe.Find()!;
        await using var host = await PreviewHost.StartAsync();
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = BrowserFactAttribute.Chromium, Args = ["--no-sandbox"] });
        List<string> found = [.. await FaultsAsync(axe, host, browser, ColorScheme.Light), .. await FaultsAsync(axe, host, browser, ColorScheme.Dark)];
        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    private static async Task<List<string>> FaultsAsync(Axe axe, PreviewHost host, IBrowser browser, ColorScheme scheme)
    {
        var faults = new List<string>();
        await using var context = await browser.NewContextAsync(new() { ColorScheme = scheme });
        var page = await context.NewPageAsync();
        foreach (var url in Screens.All)
        {
            await page.GotoAsync(host.Address + url);
            await Assertions.Expect(page.Locator("[aria-label=Loading]")).ToHaveCountAsync(0);
            await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
            faults.AddRange(await axe.FindFaultsAsync(page));
        }

        await page.GotoAsync(host.Address + PortalUrls.Syncs);
        await page.GetByLabel("Choose all shown").CheckAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Toolbar)).ToContainTextAsync("6 syncs chosen");
        foreach (var opener in new[] { "Theme and time zone", "Account of ada", "Help", "Search or jump to" })
        {
            await page.GetByRole(AriaRole.Button, new() { Name = opener }).ClickAsync();
            await Assertions.Expect(page.Locator(".menu:popover-open, .mud-dialog, .palette")).ToHaveCountAsync(1);
            faults.AddRange(await axe.FindFaultsAsync(page));
            await page.Keyboard.PressAsync("Escape");
            await Assertions.Expect(page.Locator(".menu:popover-open, .mud-dialog, .palette")).ToHaveCountAsync(0);
        }

        return faults;
    }
}
