using LakePortal.Engine.Writing.Merging.Index;

namespace LakePortal.Engine.Tests.Writing;

public sealed class KeyIndexFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("key-index-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(8, 0, 1000)]
    [InlineData(8, 1, 1000)]
    [InlineData(8, 50_000, 100_000)]
    [InlineData(16, 30_000, 7_000)]
    [InlineData(8, 40_000, 3_000)]
    public void Every_position_of_a_code_is_found_and_nothing_else(int width, int rows, long rowsPerPass)
    {
        var random = new Random(rows + width);
        var entries = Enumerable.Range(0, rows).Select(i => (Code: Code(random, width), Position: (long)i)).ToList();
        var path = Write(entries, width, rowsPerPass);

        var expected = entries.ToLookup(e => e.Code, e => e.Position);
        var wanted = Enumerable.Range(0, 2000).Select(_ => Code(random, width)).Concat(entries.Take(100).Select(e => e.Code)).Distinct().OrderBy(c => c.Place).ToArray();
        var found = new List<long>();
        KeyIndexFile.Open(path, 7, width)!.Find(wanted, found);
        Assert.Equal(wanted.SelectMany(c => expected[c]).Order(), found.Order());
    }

    [Fact]
    public void Every_changed_byte_is_noticed_before_a_position_is_believed()
    {
        var random = new Random(1);
        var entries = Enumerable.Range(0, 20_000).Select(i => (Code: new KeyCode((ulong)i, 0), Position: (long)i)).ToList();
        var path = Write(entries, 8, 100_000);
        var good = File.ReadAllBytes(path);
        var all = entries.Select(e => e.Code).OrderBy(c => c.Place).ToArray();
        for (var i = 0; i < 300; i++)
        {
            var bad = good.ToArray();
            bad[i < 60 ? i : random.Next(good.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, bad);
            Assert.Throws<KeyIndexDamagedException>(() => KeyIndexFile.Open(path, 7, 8)!.Find(all, []));
        }

        File.WriteAllBytes(path, good[..^5]);
        Assert.Throws<KeyIndexDamagedException>(() => KeyIndexFile.Open(path, 7, 8));
        File.WriteAllBytes(path, []);
        Assert.Throws<KeyIndexDamagedException>(() => KeyIndexFile.Open(path, 7, 8));
        File.WriteAllBytes(path, good);
        Assert.Throws<KeyIndexDamagedException>(() => KeyIndexFile.Open(path, 8, 8));
    }

    [Fact]
    public void A_write_that_fails_leaves_nothing()
    {
        var path = Path.Combine(_folder, "a.keys");
        Assert.Throws<InvalidOperationException>(() => KeyIndexWriter.Write(path, 7, 8, 100, 100, _ => throw new InvalidOperationException()));
        Assert.Empty(Directory.EnumerateFiles(_folder));
        Assert.Null(KeyIndexFile.Open(path, 7, 8));
    }

    private static KeyCode Code(Random random, int width) => new((ulong)random.NextInt64(-20_000, 20_000), width == 8 ? 0 : (ulong)random.Next(3));

    private string Write(List<(KeyCode Code, long Position)> entries, int width, long rowsPerPass)
    {
        var path = Path.Combine(_folder, "a.keys");
        KeyIndexWriter.Write(path, 7, width, entries.Count, rowsPerPass, take =>
        {
            foreach (var chunk in entries.Chunk(2048))
            {
                take(chunk.Select(e => e.Code).ToArray(), chunk.Select(e => e.Position).ToArray());
            }
        });
        return path;
    }
}
