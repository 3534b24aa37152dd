namespace LakePortal.Kernel.Identity;

/// <summary>Flows with the asynchronous call, so work that a request starts in the background keeps the caller it was started by.</summary>
internal sealed class CallerAccessor : ICallerAccessor
{
    private static readonly AsyncLocal<Caller?> Ambient = new();

    public Caller? Current => Ambient.Value;

    public IDisposable Enter(Caller caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var previous = Ambient.Value;
        Ambient.Value = caller;
        return new Leave(previous);
    }

    private sealed class Leave(Caller? previous) : IDisposable
    {
        private bool _left;

        public void Dispose()
        {
            if (!_left)
            {
                _left = true;
                Ambient.Value = previous;
            }
        }
    }
}
