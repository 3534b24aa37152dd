using System.Text;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Scans;

/// <summary>Which delete files apply to a data file (specification, section "Scan Planning").</summary>
internal sealed class DeleteIndex
{
    /// <summary>Field id of the column <c>file_path</c> in position delete files.</summary>
    internal const int FilePathFieldId = 2147483546;

    private readonly List<ContentFile> _globalEquality = [];
    private readonly Dictionary<PartitionKey, List<ContentFile>> _equality = [];
    private readonly Dictionary<PartitionKey, List<ContentFile>> _positions = [];
    private readonly Dictionary<string, List<ContentFile>> _positionsByPath = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<ContentFile>> _vectorsByPath = new(StringComparer.Ordinal);

    private readonly bool _isEmpty = true;

    public DeleteIndex(IEnumerable<ContentFile> deletes, Func<int, bool> isUnpartitioned)
    {
        foreach (var delete in deletes)
        {
            _isEmpty = false;
            if (delete.Content == FileContent.EqualityDeletes)
            {
                (isUnpartitioned(delete.SpecId) ? _globalEquality : Bucket(_equality, PartitionKey.Of(delete))).Add(delete);
            }
            else if (IsDeletionVector(delete))
            {
                Bucket(_vectorsByPath, delete.ReferencedDataFile
                    ?? throw new InvalidMetadataException("manifest", $"the deletion vector in '{delete.Path}' names no data file")).Add(delete);
            }
            else if (TargetOf(delete) is { } target)
            {
                Bucket(_positionsByPath, target).Add(delete);
            }
            else
            {
                Bucket(_positions, PartitionKey.Of(delete)).Add(delete);
            }
        }
    }

    public static bool IsDeletionVector(ContentFile file) => file.Content == FileContent.PositionDeletes && file.Format == "PUFFIN";

    /// <summary>The one data file that a position delete file is about; null: possibly several. Writers before that field existed say so by equal bounds.</summary>
    public static string? TargetOf(ContentFile delete)
    {
        if (delete.Content != FileContent.PositionDeletes || delete.ReferencedDataFile is not null)
        {
            return delete.ReferencedDataFile;
        }

        return delete.LowerBounds is not null && delete.UpperBounds is not null
            && delete.LowerBounds.TryGetValue(FilePathFieldId, out var lower) && delete.UpperBounds.TryGetValue(FilePathFieldId, out var upper)
            && lower.AsSpan().SequenceEqual(upper)
            ? Encoding.UTF8.GetString(lower)
            : null;
    }

    public IReadOnlyList<ContentFile> For(ContentFile data)
    {
        if (_isEmpty)
        {
            return [];
        }

        var key = PartitionKey.Of(data);
        var result = new List<ContentFile>();
        result.AddRange(_globalEquality.Where(d => Sequence(data) < Sequence(d)));
        if (_equality.TryGetValue(key, out var equality))
        {
            result.AddRange(equality.Where(d => Sequence(data) < Sequence(d)));
        }

        // A deletion vector holds all positions deleted so far: older position delete files are in it already.
        if (_vectorsByPath.TryGetValue(data.Path, out var vectors) && vectors.Where(d => Sequence(data) <= Sequence(d)).MaxBy(Sequence) is { } vector)
        {
            result.Add(vector);
            return result;
        }

        if (_positions.TryGetValue(key, out var positions))
        {
            result.AddRange(positions.Where(d => Sequence(data) <= Sequence(d)));
        }

        if (_positionsByPath.TryGetValue(data.Path, out var own))
        {
            result.AddRange(own.Where(d => Sequence(data) <= Sequence(d)));
        }

        return result;
    }

    private static long Sequence(ContentFile file) => file.DataSequenceNumber ?? 0;

    private static List<ContentFile> Bucket<TKey>(Dictionary<TKey, List<ContentFile>> map, TKey key)
        where TKey : notnull
    {
        if (!map.TryGetValue(key, out var list))
        {
            map[key] = list = [];
        }

        return list;
    }
}
