namespace LakePortal.Cli.Output;

/// <summary>One line on the terminal that is written over while work goes on. On a pipe nothing is printed: only the end matters there.</summary>
internal sealed class LiveLine(TextWriter output, bool isTerminal) : IDisposable
{
    private int _length;

    public static LiveLine OnErrorOutput() => new(Console.Error, !Console.IsErrorRedirected);

    public void Show(string text)
    {
        if (!isTerminal)
        {
            return;
        }

        var width = Console.BufferWidth > 1 ? Console.BufferWidth - 1 : 79;
        var shown = text.Length > width ? text[..width] : text;
        output.Write('\r' + shown.PadRight(_length));
        output.Flush();
        _length = shown.Length;
    }

    public void Clear()
    {
        if (isTerminal && _length > 0)
        {
            output.Write('\r' + new string(' ', _length) + '\r');
            output.Flush();
            _length = 0;
        }
    }

    public void Dispose() => Clear();
}
