using System.Text;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Writing.Files;

/// <summary>Finds the schema's column behind a path of DuckDB's statistics: <c>"a"."b ""c"""</c>, <c>"list"."element"</c>, <c>"map"."key"</c>.</summary>
internal static class StatisticPath
{
    /// <param name="Id">Field id of the leaf.</param>
    /// <param name="Type">Its type.</param>
    /// <param name="Required">No row may lack it: the leaf and everything around it is required.</param>
    /// <param name="Repeated">Inside a list or map.</param>
    internal sealed record Column(int Id, PrimitiveType Type, bool Required, bool Repeated);

    public static IReadOnlyList<string> Split(string path)
    {
        var names = new List<string>();
        var name = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] == '"')
            {
                if (quoted && i + 1 < path.Length && path[i + 1] == '"')
                {
                    name.Append('"');
                    i++;
                }
                else
                {
                    quoted = !quoted;
                }
            }
            else if (path[i] == '.' && !quoted)
            {
                names.Add(name.ToString());
                name.Clear();
            }
            else
            {
                name.Append(path[i]);
            }
        }

        names.Add(name.ToString());
        return names;
    }

    public static Column? Resolve(IReadOnlyList<NestedField> fields, IReadOnlyList<string> names)
    {
        if (fields.FirstOrDefault(f => f.Name == names[0]) is not { } top)
        {
            return null;
        }

        var (id, type, required, repeated) = (top.Id, top.Type, top.Required, false);
        foreach (var name in names.Skip(1))
        {
            switch (type)
            {
                case StructType s when s.Fields.FirstOrDefault(f => f.Name == name) is { } field:
                    (id, type, required) = (field.Id, field.Type, required && field.Required);
                    break;
                case ListType l:
                    (id, type, required, repeated) = (l.ElementId, l.Element, false, true);
                    break;
                case MapType m when name == "key":
                    (id, type, required, repeated) = (m.KeyId, m.Key, false, true);
                    break;
                case MapType m:
                    (id, type, required, repeated) = (m.ValueId, m.Value, false, true);
                    break;
                default:
                    return null;
            }
        }

        return type is PrimitiveType primitive ? new Column(id, primitive, required, repeated) : null;
    }
}
