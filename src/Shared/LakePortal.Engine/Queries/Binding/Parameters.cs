using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using LakePortal.Engine.Queries.Analysis;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>Puts the values of <c>$name</c> parameters into the parse tree as constants; text never becomes SQL.</summary>
internal static class Parameters
{
    public static void Bind(JsonObject statement, IReadOnlyDictionary<string, object?>? values)
    {
        if (statement["named_param_map"] is JsonArray { Count: > 0 })
        {
            Replace(statement, values ?? new Dictionary<string, object?>());
            statement["named_param_map"] = new JsonArray();
        }
    }

    private static void Replace(JsonNode node, IReadOnlyDictionary<string, object?> values)
    {
        switch (node)
        {
            case JsonArray array:
                for (var i = 0; i < array.Count; i++)
                {
                    if (Substitute(array[i], values) is { } constant)
                    {
                        array[i] = constant;
                    }
                    else if (array[i] is { } child)
                    {
                        Replace(child, values);
                    }
                }

                break;
            case JsonObject holder:
                foreach (var (property, child) in holder.ToList())
                {
                    if (Substitute(child, values) is { } constant)
                    {
                        holder[property] = constant;
                    }
                    else if (child is not null)
                    {
                        Replace(child, values);
                    }
                }

                break;
        }
    }

    private static JsonObject? Substitute(JsonNode? node, IReadOnlyDictionary<string, object?> values)
    {
        if (node is not JsonObject candidate || candidate.Text("class") != "PARAMETER")
        {
            return null;
        }

        var name = candidate.Text("identifier");
        var constant = values.TryGetValue(name, out var value)
            ? Constant(name, value)
            : throw new QueryBindingException($"No value was given for the parameter ${name}.", "Give a value for every $name.");
        constant["alias"] = candidate.Text("alias");
        return constant;
    }

    private static JsonObject Constant(string name, object? value) => value switch
    {
        null or DBNull => SqlNodes.Null(),
        string s => SqlNodes.Text(s),
        bool b => Typed(b ? "true" : "false", "BOOLEAN"),
        sbyte or byte or short or ushort or int => Typed(Invariant(value), "INTEGER"),
        uint or long => Typed(Invariant(value), "BIGINT"),
        ulong or BigInteger or Int128 or UInt128 => Typed(Invariant(value), "HUGEINT"),
        decimal d => SqlNodes.CastDecimal(SqlNodes.Text(Invariant(d)), Math.Max(Digits(d), d.Scale), d.Scale),
        float f => Typed(f.ToString("R", CultureInfo.InvariantCulture), "FLOAT"),
        double d => Typed(d.ToString("R", CultureInfo.InvariantCulture), "DOUBLE"),
        DateOnly d => Typed(d.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), "DATE"),
        TimeOnly t => Typed(t.ToString("HH:mm:ss.ffffff", CultureInfo.InvariantCulture), "TIME"),
        DateTimeOffset t => Typed(t.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture) + "+00", "TIMESTAMP WITH TIME ZONE"),
        DateTime t => Typed(t.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture), "TIMESTAMP"),
        Guid g => Typed(g.ToString("D"), "UUID"),
        byte[] bytes => SqlNodes.Function("from_hex", SqlNodes.Text(Convert.ToHexString(bytes))),
        _ => throw new QueryBindingException(
            $"The parameter ${name} has a value of the type {value.GetType().Name}, which SQL does not know.", "Give text, a number, a boolean, a date, a time, a uuid, bytes or null."),
    };

    private static JsonObject Typed(string text, string type) => SqlNodes.Cast(SqlNodes.Text(text), type);

    private static int Digits(decimal value) =>
        BigInteger.Abs(new BigInteger(decimal.Truncate(Math.Abs(value)))).ToString(CultureInfo.InvariantCulture).Length + value.Scale;

    private static string Invariant(object value) => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture);
}
