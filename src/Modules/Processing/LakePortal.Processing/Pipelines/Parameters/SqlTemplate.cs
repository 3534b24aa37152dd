using System.Text;

namespace LakePortal.Processing.Pipelines.Parameters;

/// <summary>
/// A SQL text with <c>{{ … }}</c>. The text is read as the engine's scanner reads it, so that it is known where each template stands:
/// in code it becomes a complete literal of its type, inside a quoted string it becomes escaped text, and where no value can be
/// made safe (quoted names, dollar quotes, escape strings) it is refused. Comments are left alone. A value can therefore never become code.
/// </summary>
internal sealed class SqlTemplate
{
    private readonly List<Part> _parts;

    private SqlTemplate(List<Part> parts) => _parts = parts;

    private readonly record struct Part(string Sql, TemplateExpression? Expression, bool InString, int Offset);

    /// <exception cref="TemplateException">A template is malformed or stands where it cannot.</exception>
    public static SqlTemplate Parse(string sql) => new(new Reader(sql).Read());

    /// <exception cref="TemplateException">A name is unknown, or a span does not fit its type.</exception>
    public string Render(ParameterSet values)
    {
        var result = new StringBuilder();
        foreach (var part in _parts)
        {
            if (part.Expression is null)
            {
                result.Append(part.Sql);
                continue;
            }

            var value = part.Expression.Evaluate(values, part.Offset);
            if (part.InString)
            {
                // The literal's own check for characters that no statement can hold applies inside strings as well.
                result.Append(new ParameterValue.OfText(value.Text).Literal.AsSpan(1..^1));
            }
            else
            {
                // Blanks around it: E{{ x }} must not turn into an escape string, nor -{{ n }} into a comment.
                result.Append(' ').Append(value.Literal).Append(' ');
            }
        }

        return result.ToString();
    }

    private sealed class Reader(string sql)
    {
        private readonly List<Part> _parts = [];
        private int _at;
        private int _start;

        public List<Part> Read()
        {
            while (_at < sql.Length)
            {
                var c = sql[_at];
                if (c == '\'')
                {
                    QuotedString(IsEscapeString());
                }
                else if (c == '"')
                {
                    Until('"', "a quoted name");
                }
                else if (Sees("--"))
                {
                    var end = sql.AsSpan(_at).IndexOfAny('\n', '\r');
                    _at = end < 0 ? sql.Length : _at + end;
                }
                else if (Sees("/*"))
                {
                    BlockComment();
                }
                else if (c == '$' && DollarTag() is { } tag)
                {
                    DollarString(tag);
                }
                else if (Sees("{{"))
                {
                    Template(inString: false);
                }
                else
                {
                    _at++;
                }
            }

            Flush();
            return _parts;
        }

        private bool Sees(string text) => string.CompareOrdinal(sql, _at, text, 0, text.Length) == 0;

        // E'…' only when the E is a word of its own: in somee'…' it is the end of a name.
        private bool IsEscapeString() =>
            _at > 0 && sql[_at - 1] is 'e' or 'E' && (_at < 2 || !(char.IsLetterOrDigit(sql[_at - 2]) || sql[_at - 2] is '_' or '$'));

        private void QuotedString(bool escapes)
        {
            _at++;
            while (_at < sql.Length)
            {
                if (sql[_at] == '\'')
                {
                    _at++;
                    if (_at >= sql.Length || sql[_at] != '\'')
                    {
                        return;
                    }

                    _at++;
                }
                else if (escapes && sql[_at] == '\\')
                {
                    _at += 2;
                }
                else if (Sees("{{"))
                {
                    if (escapes)
                    {
                        throw Misplaced("an escape string (E'…')");
                    }

                    Template(inString: true);
                }
                else
                {
                    _at++;
                }
            }
        }

        private void Until(char quote, string what)
        {
            _at++;
            while (_at < sql.Length)
            {
                if (sql[_at] == quote)
                {
                    _at++;
                    if (_at >= sql.Length || sql[_at] != quote)
                    {
                        return;
                    }
                }
                else if (Sees("{{"))
                {
                    throw Misplaced(what);
                }

                _at++;
            }
        }

        private void BlockComment()
        {
            var depth = 0;
            while (_at < sql.Length)
            {
                if (Sees("/*"))
                {
                    depth++;
                    _at += 2;
                }
                else if (Sees("*/"))
                {
                    depth--;
                    _at += 2;
                    if (depth == 0)
                    {
                        return;
                    }
                }
                else
                {
                    _at++;
                }
            }
        }

        private string? DollarTag()
        {
            if (_at > 0 && (char.IsLetterOrDigit(sql[_at - 1]) || sql[_at - 1] == '_'))
            {
                return null;
            }

            var end = _at + 1;
            while (end < sql.Length && (char.IsLetter(sql[end]) || sql[end] == '_' || (end > _at + 1 && char.IsDigit(sql[end]))))
            {
                end++;
            }

            return end < sql.Length && sql[end] == '$' ? sql[_at..(end + 1)] : null;
        }

        private void DollarString(string tag)
        {
            var end = sql.IndexOf(tag, _at + tag.Length, StringComparison.Ordinal);
            var stop = end < 0 ? sql.Length : end;
            var template = sql.IndexOf("{{", _at, StringComparison.Ordinal);
            if (template >= 0 && template < stop)
            {
                _at = template;
                throw Misplaced("a dollar-quoted string");
            }

            _at = end < 0 ? sql.Length : end + tag.Length;
        }

        private void Template(bool inString)
        {
            var close = sql.IndexOf("}}", _at, StringComparison.Ordinal);
            if (close < 0)
            {
                throw new TemplateException("'{{' is never closed.", "Write {{ name }}; a struct inside a map literal is written '{ {'.", _at);
            }

            Flush();
            _parts.Add(new Part("", TemplateExpression.Parse(sql[(_at + 2)..close], _at), inString, _at));
            _at = _start = close + 2;
        }

        private void Flush()
        {
            if (_at > _start)
            {
                _parts.Add(new Part(sql[_start.._at], null, false, _start));
                _start = _at;
            }
        }

        private TemplateException Misplaced(string where) => new(
            $"A template cannot stand inside {where}.", "Use it as a value ({{ name }}) or inside a plain string ('… {{ name }} …').", _at);
    }
}
