using System.Globalization;
using System.Text.RegularExpressions;
using LakePortal.EndToEnd.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace LakePortal.EndToEnd.Tests.Browser;

/// <summary>What is going on is seen without reloading, and what has run can be run again, whole or from a task.</summary>
[Trait("Category", "Browser")]
public sealed class LiveRunTests
{
    private const int Rows = 1_500_000;

    [ChromiumFact]
    public async Task Numbers_of_a_running_sync_move_and_runs_are_repeated_without_a_reload()
    {
        await using var lake = await TestLake.StartAsync();
        await lake.Postgres.ExecuteAsync(
            "postgres",
            $"""
            CREATE TABLE big AS SELECT i AS id, md5(i::text) AS digest, repeat(md5((i * 7)::text), 4) AS note FROM generate_series(1, {Rows}) i;
            ALTER TABLE big ADD PRIMARY KEY (id);
            ANALYZE big;
            """, CancellationToken.None);
        await lake.ApplyAsync(
            $$"""
            {{lake.SourceYaml("src", "postgres")}}
            ---
            kind: sync
            source: src
            tables: [public.big]
            name: big
            mode: batch
            ---
            kind: pipeline
            name: counts
            tasks:
              - name: few
                type: sql
                target: curated.few
                write: replace
                sql: SELECT id, digest FROM refined.big WHERE id <= 1000
              - name: total
                type: sql
                after: [few]
                target: curated.total
                write: replace
                sql: SELECT count(*) AS n FROM curated.few
            """);
        await using var browser = await PortalBrowser.OpenAsync(lake);
        try
        {
            await browser.SignInAsync();
            await WatchSyncAsync(browser.Page);
            await RepeatPipelineAsync(browser.Page);
        }
        catch (Exception e) when (e is TimeoutException or PlaywrightException)
        {
            Assert.Fail($"{e.Message}\n{await browser.DescribeAsync()}");
        }
    }

    private static async Task WatchSyncAsync(IPage page)
    {
        await page.GotoAsync("/syncs/detail?name=big");
        await MarkAsync(page);
        // Every text that the line of numbers ever had, noted by the page itself: looking from outside would miss some.
        await page.EvaluateAsync(
            """
            () => {
              window.seen = [];
              new MutationObserver(() => {
                const rows = document.querySelector('.facts-line')?.innerText.match(/([\d,]+)( of (about )?[\d,]+)? rows?/)?.[1];
                if (rows && window.seen.at(-1) !== rows) window.seen.push(rows);
              }).observe(document.body, { childList: true, subtree: true, characterData: true });
            }
            """);
        await page.GetByRole(AriaRole.Button, new() { Name = "Run now" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Progressbar)).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Cancel run" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Run now" })).ToBeVisibleAsync(new() { Timeout = 120_000 });
        await Expect(page.Locator(".page-head .badge").First).ToHaveTextAsync("Idle");
        await Expect(page.GetByText("1,500,000").First).ToBeVisibleAsync();
        var seen = (await page.EvaluateAsync<string[]>("window.seen")).Select(t => int.Parse(t, NumberStyles.AllowThousands, CultureInfo.InvariantCulture)).ToList();
        Assert.True(seen.Distinct().Count() >= 3, $"The numbers seen were {string.Join(", ", seen)}.");
        Assert.Equal(seen.Order(), seen);
        await AssertSamePageAsync(page);
    }

    private static async Task RepeatPipelineAsync(IPage page)
    {
        await page.GotoAsync("/pipelines/detail?name=counts");
        await MarkAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        var first = await FinishAsync(page, null);

        await page.GetByRole(AriaRole.Button, new() { Name = "Run again" }).ClickAsync();
        var second = await FinishAsync(page, first);

        await page.GetByRole(AriaRole.Row, new() { Name = "total sql" }).GetByRole(AriaRole.Button, new() { Name = "Re-run from here" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("Runs 1 of 2 tasks: total.");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Run again" }).ClickAsync();
        await FinishAsync(page, second);
        await Expect(page.GetByText("re-run of")).ToContainTextAsync("from total");
        await AssertSamePageAsync(page);
    }

    /// <summary>Waits until the page shows another run than <paramref name="before"/> and, by itself, that it succeeded.</summary>
    private static async Task<string> FinishAsync(IPage page, string? before)
    {
        await Expect(page).ToHaveURLAsync(new Regex("/runs/detail"));
        if (before is not null)
        {
            await Expect(page).Not.ToHaveURLAsync(before);
        }

        await Expect(page.Locator(".page-head .badge").First).ToHaveTextAsync("Succeeded");
        return page.Url;
    }

    private static Task MarkAsync(IPage page) => page.EvaluateAsync("() => { window.samePage = true; }");

    private static async Task AssertSamePageAsync(IPage page) => Assert.True(await page.EvaluateAsync<bool>("window.samePage === true"), "The page was loaded again.");
}
