using MudBlazor;

namespace LakePortal.Portal.Layout;

/// <summary>The component library's view of css/tokens.css, so that its dialogs, menus and messages look like the rest.</summary>
internal static class PortalTheme
{
    public static readonly MudTheme Theme = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#0a6a8a", Secondary = "#48525f", Success = "#17733f", Warning = "#8a5a00", Error = "#b3261e", Info = "#1d5fb8",
            Background = "#f6f7f9", Surface = "#ffffff", TextPrimary = "#161b22", TextSecondary = "#48525f", Dark = "#161b22",
            ActionDefault = "#48525f", LinesDefault = "#e3e7ec", LinesInputs = "#c9d0d9", Divider = "#e3e7ec", TableLines = "#e3e7ec",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#58b8d6", Secondary = "#a9b3c0", Success = "#5bc58a", Warning = "#e0b04c", Error = "#f28b82", Info = "#82b1f5",
            Background = "#0d1014", Surface = "#14181e", TextPrimary = "#e4e8ee", TextSecondary = "#a9b3c0", Dark = "#1a1f27",
            PrimaryContrastText = "#06222c", ActionDefault = "#a9b3c0", LinesDefault = "#252c36", LinesInputs = "#3a4452", Divider = "#252c36",
            TableLines = "#252c36",
        },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "6px" },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = ["system-ui", "Segoe UI", "sans-serif"], FontSize = "0.84375rem", LetterSpacing = "0" },
        },
    };
}
