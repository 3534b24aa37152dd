using System.Diagnostics.CodeAnalysis;

namespace LakePortal.Iceberg;

/// <summary>A table's name in the catalog: one namespace level (<c>raw</c>, <c>refined</c>, <c>curated</c>, …) and a table name. Case is kept and compared ordinally.</summary>
public readonly record struct TableIdentifier(string Namespace, string Name)
{
    public override string ToString() => $"{Namespace}.{Name}";

    /// <summary>Reads <c>namespace.name</c>; the name may contain further dots.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TableIdentifier identifier)
    {
        var dot = text?.IndexOf('.', StringComparison.Ordinal) ?? -1;
        if (dot <= 0 || dot == text!.Length - 1)
        {
            identifier = default;
            return false;
        }

        identifier = new TableIdentifier(text[..dot], text[(dot + 1)..]);
        return true;
    }
}
