using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Live;
using LakePortal.Portal.Hosting;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace LakePortal.Portal.Parts.Frame;

public enum PageState
{
    Loading,
    Ready,
    Failed,
    Forbidden,
    Missing,
}

/// <summary>
/// Base of all pages: loads when the address changes, again when the change feed says so (unless paused), keeps what is shown while it loads
/// again, cancels when left, and knows the five states. The address is the page's state; a page keeps nothing else that matters.
/// </summary>
public abstract class PortalPage : ComponentBase, IDisposable
{
    private static readonly Action<ILogger, string, Exception?> LogFailure =
        LoggerMessage.Define<string>(LogLevel.Error, new EventId(9001, "PageFailed"), "The page {Page} failed.");

    private readonly CancellationTokenSource _closed = new();
    private CancellationTokenSource? _load;
    private IDisposable? _subscription;
    private string? _topics;
    private string? _loadedKey;
    private string? _loadedPath;
    private ITimer? _refresh;
    private bool _missedWhilePaused;
    private bool _disposed;

    protected PortalPage() => Closed = _closed.Token;

    [Inject] protected IPortalSender Sender { get; set; } = default!;

    [Inject] protected NavigationManager Navigation { get; set; } = default!;

    [Inject] protected IChangeFeed Changes { get; set; } = default!;

    [Inject] public PortalSession Session { get; set; } = default!;

    [Inject] protected PageMemory Memory { get; set; } = default!;

    [Inject] protected ISnackbar Snackbar { get; set; } = default!;

    [Inject] protected TimeProvider Clock { get; set; } = default!;

    [Inject] private ILogger<PortalPage> Logger { get; set; } = default!;

    public PageState State { get; private set; } = PageState.Loading;

    /// <summary>Why loading failed; with <see cref="PageState.Ready"/>: why the last refresh did, while older content is still shown.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Why the last action failed.</summary>
    public Exception? ActionFailure { get; private set; }

    /// <summary>With <see cref="ActionFailure"/> of an action on several objects: how far it came.</summary>
    public string? ActionLead { get; private set; }

    public bool IsBusy { get; private set; }

    public DateTimeOffset? LoadedAt { get; private set; }

    /// <summary>Topics of the change feed after which the page loads again.</summary>
    protected virtual IReadOnlyCollection<string> Topics => [];

    /// <summary>Also loads again this long after it has loaded: for numbers of other systems, which move without an announcement.</summary>
    protected virtual TimeSpan? RefreshAfter => null;

    /// <summary>Loading starts again when this changes; by default with every part of the address.</summary>
    protected virtual string LoadKey => new Uri(Navigation.Uri).PathAndQuery;

    /// <summary>Another object: shows the skeleton instead of the former content.</summary>
    protected virtual string ObjectKey => new Uri(Navigation.Uri).AbsolutePath;

    /// <summary>Cancelled when the page is left.</summary>
    protected CancellationToken Closed { get; }

    protected abstract Task LoadAsync(CancellationToken cancellationToken);

    protected bool Can(string permission) => Sender.Caller?.Can(permission) == true;

    protected override void OnInitialized() => Session.Changed += OnSessionChanged;

    protected override async Task OnParametersSetAsync()
    {
        // Prerendering shows the skeleton only: data is read once, by the circuit.
        if (!RendererInfo.IsInteractive)
        {
            return;
        }

        var uri = new Uri(Navigation.Uri);
        Memory.Remember(uri.AbsolutePath, uri.Query);
        if (_loadedKey == LoadKey)
        {
            return;
        }

        _loadedKey = LoadKey;
        if (_loadedPath != ObjectKey)
        {
            _loadedPath = ObjectKey;
            State = PageState.Loading;
        }

        SubscribeToTopics();
        await ReloadAsync();
    }

    /// <summary>Loads again, keeping the content meanwhile. A later call supersedes an earlier one.</summary>
    public async Task ReloadAsync()
    {
        if (_disposed)
        {
            return;
        }

        if (_load is not null)
        {
            await _load.CancelAsync();
        }

        using var load = CancellationTokenSource.CreateLinkedTokenSource(Closed);
        _load = load;
        try
        {
            await LoadAsync(load.Token);
            if (!load.IsCancellationRequested)
            {
                State = PageState.Ready;
                Failure = null;
                LoadedAt = Clock.GetUtcNow();
            }
        }
        catch (OperationCanceledException) when (load.IsCancellationRequested)
        {
            return;
        }
        catch (Exception failure)
        {
            if (!load.IsCancellationRequested)
            {
                Fail(failure);
            }
        }
        finally
        {
            if (_load == load)
            {
                _load = null;
            }
        }

        if (!_disposed)
        {
            _refresh?.Dispose();
            _refresh = RefreshAfter is { } wait ? Clock.CreateTimer(_ => _ = OnChangedAsync(), null, wait, Timeout.InfiniteTimeSpan) : null;
            StateHasChanged();
        }
    }

    /// <summary>Does something for the user; a failure is shown on the page, not only as a passing message.</summary>
    protected async Task<bool> ActAsync(Func<CancellationToken, Task> action, string? done = null)
    {
        ArgumentNullException.ThrowIfNull(action);
        if (IsBusy)
        {
            return false;
        }

        IsBusy = true;
        (ActionFailure, ActionLead) = (null, null);
        try
        {
            await action(Closed);
            if (done is not null)
            {
                Snackbar.Add(done, Severity.Success);
            }

            return true;
        }
        catch (OperationCanceledException) when (Closed.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception failure)
        {
            Report(failure);
            ActionFailure = failure;
            return false;
        }
        finally
        {
            IsBusy = false;
            if (!_disposed)
            {
                StateHasChanged();
            }
        }
    }

    /// <summary>
    /// Does the same to several objects, one after the other; one that fails does not keep the others from it. What failed is named on the page.
    /// </summary>
    /// <param name="done">What was done, in the past: <c>started</c>.</param>
    protected async Task ActOnAllAsync(IReadOnlyList<string> names, Func<string, CancellationToken, Task> action, string done)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(action);
        List<string> failed = [];
        LakePortalException? first = null;
        var acted = await ActAsync(async ct =>
        {
            foreach (var name in names)
            {
                try
                {
                    await action(name, ct);
                }
                catch (LakePortalException refused)
                {
                    first ??= refused;
                    failed.Add(name);
                }
            }
        });
        if (acted && first is null)
        {
            Snackbar.Add($"{names.Count} of {names.Count} {done}.", Severity.Success);
        }
        else if (first is not null)
        {
            (ActionFailure, ActionLead) = (first, $"{names.Count - failed.Count} of {names.Count} {done}. Not: {string.Join(", ", failed)}.");
        }

        await ReloadAsync();
    }

    public void DismissActionFailure() => (ActionFailure, ActionLead) = (null, null);

    /// <summary>Changes one part of the address in place; null removes it.</summary>
    protected void SetQuery(string name, object? value) => SetQuery(new Dictionary<string, object?> { [name] = value });

    protected void SetQuery(IReadOnlyDictionary<string, object?> values) =>
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(values), replace: true);

    private void Fail(Exception failure)
    {
        Report(failure);
        Failure = failure;
        if (failure is NotSignedInException)
        {
            Navigation.NavigateTo(PortalUrls.SignIn(new Uri(Navigation.Uri).PathAndQuery), forceLoad: true);
            return;
        }

        if (State == PageState.Ready && failure is not LakePortalException { Kind: ErrorKind.Forbidden or ErrorKind.NotFound })
        {
            return;
        }

        State = failure switch
        {
            LakePortalException { Kind: ErrorKind.Forbidden } => PageState.Forbidden,
            LakePortalException { Kind: ErrorKind.NotFound } => PageState.Missing,
            _ => PageState.Failed,
        };
    }

    private void Report(Exception failure)
    {
        if (failure is not LakePortalException { Kind: not ErrorKind.Internal })
        {
            LogFailure(Logger, GetType().Name, failure);
        }
    }

    private void SubscribeToTopics()
    {
        var topics = Topics;
        var key = string.Join('\n', topics);
        if (key == _topics)
        {
            return;
        }

        _topics = key;
        _subscription?.Dispose();
        _subscription = topics.Count == 0 ? null : Changes.Subscribe(topics, OnChangedAsync);
    }

    private Task OnChangedAsync()
    {
        if (_disposed)
        {
            return Task.CompletedTask;
        }

        if (Session.IsPaused)
        {
            _missedWhilePaused = true;
            return Task.CompletedTask;
        }

        return InvokeAsync(ReloadAsync);
    }

    private void OnSessionChanged() => _ = InvokeAsync(async () =>
    {
        if (_disposed)
        {
            return;
        }

        if (_missedWhilePaused && !Session.IsPaused)
        {
            _missedWhilePaused = false;
            await ReloadAsync();
            return;
        }

        StateHasChanged();
    });

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Session.Changed -= OnSessionChanged;
        _subscription?.Dispose();
        _refresh?.Dispose();
        _closed.Cancel();
        _closed.Dispose();
    }
}
