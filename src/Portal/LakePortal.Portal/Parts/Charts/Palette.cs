namespace LakePortal.Portal.Parts.Charts;

/// <summary>Eight colours of the theme, chosen to differ in lightness too; further series take them again.</summary>
internal static class Palette
{
    public const int Size = 8;

    public static string Colour(int index) => $"var(--chart-{index % Size + 1})";
}
