using Microsoft.AspNetCore.Components.Forms;

namespace LakePortal.Portal.Hosting;

/// <summary>The fields that a form posted from an interactive page needs in order to be accepted.</summary>
public interface IAntiforgeryTokens
{
    IReadOnlyDictionary<string, string> Fields();
}

internal sealed class UiAntiforgery(AntiforgeryStateProvider state) : IAntiforgeryTokens
{
    public IReadOnlyDictionary<string, string> Fields() => state.GetAntiforgeryToken() is { } token
        ? new Dictionary<string, string>(StringComparer.Ordinal) { [token.FormFieldName] = token.Value }
        : new Dictionary<string, string>(StringComparer.Ordinal);
}
