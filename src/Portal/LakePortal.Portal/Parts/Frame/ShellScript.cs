using Microsoft.JSInterop;

namespace LakePortal.Portal.Parts.Frame;

/// <summary>The shell's script module (wwwroot/js/shell.js), loaded once per circuit.</summary>
public sealed class ShellScript(IJSRuntime js) : IAsyncDisposable
{
    private Task<IJSObjectReference>? _module;

    public async Task<T> Call<T>(string function, params object?[] arguments)
    {
        var module = await (_module ??= js.InvokeAsync<IJSObjectReference>("import", "./js/shell.js").AsTask());
        return await module.InvokeAsync<T>(function, arguments);
    }

    public async Task Call(string function, params object?[] arguments) => await Call<object?>(function, arguments);

    public async ValueTask DisposeAsync()
    {
        if (_module is not { IsCompletedSuccessfully: true } || await _module is not { } module)
        {
            return;
        }

        try
        {
            await module.DisposeAsync();
        }
        catch (JSDisconnectedException)
        {
            // The window is closed: its modules went with it.
        }
    }
}
