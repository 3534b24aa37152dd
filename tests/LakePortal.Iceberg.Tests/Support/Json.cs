using System.Text.Json;

namespace LakePortal.Iceberg.Tests.Support;

internal static class Json
{
    /// <summary>Everything that the original says is in what was written, except what another spelling or a default says as well.</summary>
    public static void AssertContains(string original, string written)
    {
        using var a = JsonDocument.Parse(original);
        using var b = JsonDocument.Parse(written);
        Compare(a.RootElement, b.RootElement, "$");
    }

    private static void Compare(JsonElement original, JsonElement written, string path)
    {
        switch (original.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in original.EnumerateObject())
                {
                    var there = written.TryGetProperty(property.Name, out var value);
                    var omittable = property.Value.ValueKind == JsonValueKind.Null || (property.Value.ValueKind == JsonValueKind.Array && property.Value.GetArrayLength() == 0);
                    Assert.True(there || omittable, $"{path}.{property.Name} is lost");
                    if (there && !(omittable && property.Name == "current-snapshot-id"))
                    {
                        Compare(property.Value, value, $"{path}.{property.Name}");
                    }
                }

                break;
            case JsonValueKind.Array:
                Assert.True(original.GetArrayLength() == written.GetArrayLength(), $"{path} has another length");
                foreach (var (x, y, i) in original.EnumerateArray().Zip(written.EnumerateArray()).Select((p, i) => (p.First, p.Second, i)))
                {
                    Compare(x, y, $"{path}[{i}]");
                }

                break;
            default:
                Assert.True(Text(original) == Text(written), $"{path} was {original.GetRawText()} and became {written.GetRawText()}");
                break;
        }
    }

    private static string Text(JsonElement value) => value.GetRawText().Replace(" ", "", StringComparison.Ordinal).Replace("T00:00:00.000000", "T00:00:00", StringComparison.Ordinal);
}
