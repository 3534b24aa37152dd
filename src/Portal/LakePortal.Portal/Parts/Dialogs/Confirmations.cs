using MudBlazor;

namespace LakePortal.Portal.Parts.Dialogs;

/// <summary>The tiers of asking back: a plain question with a verb, or typing the name of what is lost for good.</summary>
internal static class Confirmations
{
    public static Task<bool> AskAsync(this IDialogService dialogs, string heading, string text, string verb, bool danger = false) =>
        ShowAsync(dialogs, new DialogParameters<ConfirmDialog>
        {
            { d => d.Heading, heading }, { d => d.Text, text }, { d => d.Verb, verb }, { d => d.Danger, danger },
        });

    public static Task<bool> AskForNameAsync(
        this IDialogService dialogs, string heading, string text, IReadOnlyList<string> loses, string name, string verb) =>
        ShowAsync(dialogs, new DialogParameters<ConfirmDialog>
        {
            { d => d.Heading, heading }, { d => d.Text, text }, { d => d.Loses, loses }, { d => d.TypeName, name }, { d => d.Verb, verb },
            { d => d.Danger, true },
        });

    private static async Task<bool> ShowAsync(IDialogService dialogs, DialogParameters<ConfirmDialog> parameters)
    {
        var dialog = await dialogs.ShowAsync<ConfirmDialog>(null, parameters, new DialogOptions { CloseOnEscapeKey = true, MaxWidth = MaxWidth.Small });
        return await dialog.Result is { Canceled: false };
    }
}
