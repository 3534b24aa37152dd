using System.Globalization;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>Reads a nested column under the names of the file and gives it the shape that the table has now.</summary>
internal sealed class Reshape(FieldMatch match)
{
    private int _lambdas;

    public ReshapedColumn Column(IcebergType type, FileField file)
    {
        var (fileType, make) = Build(type, file);
        return new ReshapedColumn(fileType, make is null ? "{0}" : make("{0}"));
    }

    /// <summary>The type by which to read, and what makes the wanted type of it; null when nothing needs to be done.</summary>
    private (string FileType, Func<string, string>? Make) Build(IcebergType type, FileField file) => type switch
    {
        StructType s => Struct(s, file),
        ListType l when file.Element is { } element => List(l, element),
        MapType m when file.Entry is { } entry => Map(m, entry.Key, entry.Value),
        _ => (ScanTypes.Sql(type), null),
    };

    private (string, Func<string, string>?) Struct(StructType type, FileField file)
    {
        var parts = type.Fields.Select(f => (Field: f, File: match.Find(file.Children, f.Id)))
            .Select(p => (p.Field, p.File, Built: p.File is null ? default : Build(p.Field.Type, p.File)))
            .ToList();
        var found = parts.Where(p => p.File is not null).ToList();
        if (found.Count == 0)
        {
            // Nothing of what is wanted is in the file; any child still tells whether the struct itself is null.
            var any = file.Children.Count > 0 ? $"STRUCT({SqlQuote.Name(file.Children[0].Name)} VARCHAR)" : "STRUCT(x VARCHAR)";
            return (any, x => $"CASE WHEN {x} IS NULL THEN NULL ELSE {Pack(x)} END");
        }

        return ($"STRUCT({string.Join(", ", found.Select(p => $"{SqlQuote.Name(p.File!.Name)} {p.Built.FileType}"))})",
            x => $"CASE WHEN {x} IS NULL THEN NULL ELSE {Pack(x)} END");

        string Pack(string x) => "struct_pack(" + string.Join(", ", parts.Select(p =>
        {
            var child = p.File is null ? null : $"struct_extract({x}, {SqlQuote.Text(p.File.Name)})";
            var value = child is null ? SqlQuote.Value(p.Field.InitialDefault, p.Field.Type) : p.Built.Make?.Invoke(child) ?? child;
            return $"{SqlQuote.Name(p.Field.Name)} := {value}";
        })) + ")";
    }

    private (string, Func<string, string>?) List(ListType type, FileField element)
    {
        var (fileType, make) = Build(type.Element, element);
        if (make is null)
        {
            return (fileType + "[]", null);
        }

        var e = Variable();
        return (fileType + "[]", x => $"list_transform({x}, lambda {e}: {make(e)})");
    }

    private (string, Func<string, string>?) Map(MapType type, FileField key, FileField value)
    {
        var (keyType, makeKey) = Build(type.Key, key);
        var (valueType, makeValue) = Build(type.Value, value);
        var fileType = $"MAP({keyType}, {valueType})";
        if (makeKey is null && makeValue is null)
        {
            return (fileType, null);
        }

        var e = Variable();
        string Part(string name, Func<string, string>? make) => make is null ? $"{e}.{name}" : make($"{e}.{name}");
        return (fileType, x =>
            $"CASE WHEN {x} IS NULL THEN NULL ELSE map_from_entries(list_transform(map_entries({x}), lambda {e}: struct_pack(key := {Part("key", makeKey)}, value := {Part("value", makeValue)}))) END");
    }

    private string Variable() => "e" + _lambdas++.ToString(CultureInfo.InvariantCulture);
}
