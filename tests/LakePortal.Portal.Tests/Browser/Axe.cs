using System.Text.Json;
using Microsoft.Playwright;

namespace LakePortal.Portal.Tests.Browser;

/// <summary>The accessibility rules of axe-core, which is installed beside the editor's packages; null where npm did not run.</summary>
internal sealed class Axe
{
    private static readonly string[] Standards = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];
    private readonly string _script;

    private Axe(string script) => _script = script;

    public static Axe? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "src/Portal/LakePortal.Portal/ClientApp/node_modules/axe-core/axe.min.js");
            if (File.Exists(file))
            {
                return new Axe(File.ReadAllText(file));
            }
        }

        return null;
    }

    /// <summary>What breaks a rule of WCAG 2.2 AA seriously or critically, with the first element of each.</summary>
    public async Task<IReadOnlyList<string>> FindFaultsAsync(IPage page)
    {
        await page.EvaluateAsync($"() => {{ if (!window.axe) {{ (0, eval)({JsonSerializer.Serialize(_script)}); }} }}");
        var faults = await page.EvaluateAsync<string[]>(
            """
            async standards => (await axe.run(document, { runOnly: standards })).violations
              .filter(v => v.impact === 'serious' || v.impact === 'critical')
              .map(v => `${v.id} (${v.nodes.length}): ${v.nodes[0].html.slice(0, 200)}`)
            """, Standards);
        return [.. faults.Select(f => $"{page.Url}: {f}")];
    }
}
