using LakePortal.Iceberg;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Writing.Merging;

internal static class NestedNames
{
    /// <summary>
    /// False after a field inside a struct was renamed: DuckDB finds such fields by name, not by id, so values of older files would read as null
    /// and must not be written anew or compared.
    /// </summary>
    public static bool AreStable(Table table)
    {
        var names = new Dictionary<int, string>();
        foreach (var field in table.Metadata.Schemas.SelectMany(s => s.Fields).SelectMany(f => SchemaFields.Walk(SchemaFields.Children(f.Type))))
        {
            if (!names.TryAdd(field.Id, field.Name) && names[field.Id] != field.Name)
            {
                return false;
            }
        }

        return true;
    }
}
