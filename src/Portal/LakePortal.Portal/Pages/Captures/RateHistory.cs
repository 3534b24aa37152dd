namespace LakePortal.Portal.Pages.Captures;

/// <summary>The last values of a number while a page is open.</summary>
internal sealed class RateHistory
{
    private const int Kept = 60;
    private readonly Queue<double> _values = new();

    public IReadOnlyList<double> Values => [.. _values];

    public void Add(double value)
    {
        _values.Enqueue(value);
        while (_values.Count > Kept)
        {
            _ = _values.Dequeue();
        }
    }
}
