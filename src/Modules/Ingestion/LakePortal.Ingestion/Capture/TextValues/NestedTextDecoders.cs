using LakePortal.Engine.Native;
using LakePortal.Ingestion.Offload.CopyBinary;

namespace LakePortal.Ingestion.Capture.TextValues;

/// <summary>One-dimensional arrays: <c>{1,NULL,"a \"b\""}</c>; see PostgreSQL's documentation, "Array Input and Output Syntax".</summary>
internal sealed class ArrayTextDecoder(ColumnDecoder element, byte delimiter) : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        if (value.Length > 0 && value[0] == (byte)'[')
        {
            throw new ColumnNeedsTextException(value.Count((byte)'[') > 1 ? $"it holds an array of {value.Count((byte)'[')} dimensions" : "it holds an array that does not start at index 1");
        }

        if (value.Length < 2 || value[0] != (byte)'{' || value[^1] != (byte)'}')
        {
            throw new SourceProtocolException("An array is not in braces.");
        }

        if (value[1] == (byte)'{')
        {
            throw new ColumnNeedsTextException("it holds an array of several dimensions");
        }

        var inner = value[1..^1];
        if (inner.Length == 0)
        {
            _ = target.WriteList(row, 0, out _);
            return;
        }

        var child = target.WriteList(row, Count(inner), out var offset);
        var scratch = new byte[inner.Length];
        while (true)
        {
            var taken = QuotedText.Read(inner, delimiter, scratch, out var length, out var quoted);
            var text = scratch.AsSpan(0, length);
            if (!quoted && text.SequenceEqual("NULL"u8))
            {
                child.WriteNull(offset++);
            }
            else
            {
                element.Decode(child, offset++, text);
            }

            if (taken == inner.Length)
            {
                return;
            }

            inner = inner[(taken + 1)..];
        }
    }

    private int Count(ReadOnlySpan<byte> inner)
    {
        var (count, quoted) = (1, false);
        for (var i = 0; i < inner.Length; i++)
        {
            if (inner[i] == (byte)'\\')
            {
                i++;
            }
            else if (inner[i] == (byte)'"')
            {
                quoted = !quoted;
            }
            else if (!quoted && inner[i] == delimiter)
            {
                count++;
            }
        }

        return count;
    }
}

/// <summary>hstore: <c>"a"=>"1", "b"=>NULL</c>.</summary>
internal sealed class HstoreTextDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        var pairs = new List<(byte[] Key, byte[]? Value)>();
        var scratch = new byte[value.Length];
        var rest = value;
        while (rest.Length > 0)
        {
            var taken = QuotedText.Read(rest, (byte)'=', scratch, out var length, out _);
            var key = scratch.AsSpan(0, length).ToArray();
            if (!rest[taken..].StartsWith("=>"u8))
            {
                throw new SourceProtocolException("An hstore has a key without =>.");
            }

            rest = rest[(taken + 2)..];
            taken = QuotedText.Read(rest, (byte)',', scratch, out length, out var quoted);
            pairs.Add((key, quoted ? scratch.AsSpan(0, length).ToArray() : null));
            rest = taken == rest.Length ? default : rest[(taken + 1)..].TrimStart((byte)' ');
        }

        var entries = target.WriteList(row, pairs.Count, out var offset);
        foreach (var (key, item) in pairs)
        {
            entries.Child(0).WriteVarchar(offset, key);
            if (item is null)
            {
                entries.Child(1).WriteNull(offset);
            }
            else
            {
                entries.Child(1).WriteVarchar(offset, item);
            }

            offset++;
        }
    }
}

/// <summary>An item that is in double quotes where it has to be, with backslashes before quotes and backslashes.</summary>
internal static class QuotedText
{
    /// <param name="text">Starts with the item.</param>
    /// <param name="end">What ends it, outside quotes.</param>
    /// <param name="target">Takes the item without quotes; as long as the text.</param>
    /// <param name="length">Of the item.</param>
    /// <param name="quoted">It was in quotes, so it is not NULL.</param>
    /// <returns>Place of the end.</returns>
    public static int Read(ReadOnlySpan<byte> text, byte end, Span<byte> target, out int length, out bool quoted)
    {
        (length, quoted) = (0, false);
        var inside = false;
        var i = 0;
        for (; i < text.Length; i++)
        {
            var character = text[i];
            if (character == (byte)'\\' && i + 1 < text.Length)
            {
                target[length++] = text[++i];
            }
            else if (character == (byte)'"')
            {
                (inside, quoted) = (!inside, true);
            }
            else if (character == end && !inside)
            {
                return i;
            }
            else
            {
                target[length++] = character;
            }
        }

        return inside ? throw new SourceProtocolException("A quoted item does not end.") : i;
    }
}
