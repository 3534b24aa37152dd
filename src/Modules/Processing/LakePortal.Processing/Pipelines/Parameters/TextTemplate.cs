using System.Text;

namespace LakePortal.Processing.Pipelines.Parameters;

/// <summary>Templates in plain text, as the defaults of parameters have them.</summary>
internal static class TextTemplate
{
    public static ParameterValue Evaluate(string text, ParameterSet values)
    {
        var result = new StringBuilder();
        var at = 0;
        while (true)
        {
            var open = text.IndexOf("{{", at, StringComparison.Ordinal);
            if (open < 0)
            {
                return new ParameterValue.OfText(result.Append(text, at, text.Length - at).ToString());
            }

            var close = text.IndexOf("}}", open, StringComparison.Ordinal);
            if (close < 0)
            {
                throw new TemplateException("'{{' is never closed.", "Write {{ name }}.", open);
            }

            var value = TemplateExpression.Parse(text[(open + 2)..close], open).Evaluate(values, open);
            if (open == 0 && close + 2 == text.Length)
            {
                return value;
            }

            result.Append(text, at, open - at).Append(value.Text);
            at = close + 2;
        }
    }
}
