namespace LakePortal.Portal.Tests.Browser;

/// <summary>A test that needs Chromium and axe-core; where one of them is missing it is skipped, and says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AxeFactAttribute : FactAttribute
{
    public AxeFactAttribute()
    {
        if (BrowserFactAttribute.Chromium is null)
        {
            Skip = "There is no Chromium on this machine (set CHROMIUM to its path).";
        }
        else if (Axe.Find() is null)
        {
            Skip = "axe-core is not installed: 'npm ci' in src/Portal/LakePortal.Portal/ClientApp does it.";
        }
    }
}
