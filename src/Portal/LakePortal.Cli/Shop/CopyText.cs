using System.Globalization;
using System.Text;

namespace LakePortal.Cli.Shop;

/// <summary>Builds lines of PostgreSQL's text COPY format.</summary>
internal sealed class CopyText(TextWriter output)
{
    private readonly StringBuilder _line = new(512);

    public CopyText Null() => Separate().Raw("\\N");

    public CopyText Add(string? text)
    {
        if (text is null)
        {
            return Null();
        }

        Separate();
        foreach (var c in text)
        {
            _ = c switch
            {
                '\\' => _line.Append("\\\\"),
                '\t' => _line.Append("\\t"),
                '\n' => _line.Append("\\n"),
                '\r' => _line.Append("\\r"),
                _ => _line.Append(c),
            };
        }

        return this;
    }

    public CopyText Add(long number)
    {
        Separate();
        _line.Append(CultureInfo.InvariantCulture, $"{number}");
        return this;
    }

    public CopyText Add(bool flag) => Separate().Raw(flag ? "t" : "f");

    public CopyText Add(double number)
    {
        Separate();
        _line.Append(CultureInfo.InvariantCulture, $"{number:R}");
        return this;
    }

    public CopyText Cents(long cents)
    {
        Separate();
        _line.Append(CultureInfo.InvariantCulture, $"{cents / 100}.{cents % 100:00}");
        return this;
    }

    public CopyText At(DateTimeOffset moment)
    {
        Separate();
        _line.Append(CultureInfo.InvariantCulture, $"{moment.UtcDateTime:yyyy-MM-dd HH:mm:ss.ffffff}+00");
        return this;
    }

    public CopyText Day(DateOnly? day)
    {
        if (day is not { } value)
        {
            return Null();
        }

        Separate();
        _line.Append(CultureInfo.InvariantCulture, $"{value:yyyy-MM-dd}");
        return this;
    }

    public CopyText Array(IEnumerable<string> items) => Add($"{{{string.Join(',', items.Select(i => $"\"{i}\""))}}}");

    public void End()
    {
        _line.Append('\n');
        output.Write(_line);
        _line.Clear();
    }

    private CopyText Separate()
    {
        if (_line.Length > 0)
        {
            _line.Append('\t');
        }

        return this;
    }

    private CopyText Raw(string text)
    {
        _line.Append(text);
        return this;
    }
}
