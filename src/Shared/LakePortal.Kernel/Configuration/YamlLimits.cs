using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LakePortal.Kernel.Configuration;

/// <summary>
/// Looks at the events of a text before anything is built from them. Building recurses into every level and hashes whole keys, so that a small
/// hostile text could end the process; reading events does neither.
/// </summary>
internal static class YamlLimits
{
    public const int MostNodes = 200_000;
    public const int DeepestNesting = 64;
    public const int LongestPath = 1_000;

    internal sealed record Excess(Mark At, string Message, string? Hint);

    /// <returns>The first thing that goes too far; null when there is none.</returns>
    /// <exception cref="YamlException">The text is not YAML.</exception>
    public static Excess? Find(string text)
    {
        var parser = new Parser(new StringReader(text));
        // Per open collection: null in a sequence, in a mapping whether a key comes next.
        var open = new Stack<bool?>();
        var nodes = 0;
        while (parser.MoveNext())
        {
            switch (parser.Current)
            {
                case MappingEnd or SequenceEnd:
                    open.Pop();
                    break;
                case NodeEvent or AnchorAlias:
                    var node = parser.Current;
                    if (++nodes > MostNodes || open.Count > DeepestNesting)
                    {
                        return TooLarge(node.Start);
                    }

                    if (open.TryPeek(out var keyIsNext) && keyIsNext is { } isKey)
                    {
                        if (isKey && node is not Scalar { Value.Length: <= LongestPath })
                        {
                            return new Excess(node.Start, "A key must be a plain word.", null);
                        }

                        open.Pop();
                        open.Push(!isKey);
                    }

                    if (node is MappingStart or SequenceStart)
                    {
                        open.Push(node is MappingStart ? true : null);
                    }

                    break;
            }
        }

        return null;
    }

    public static Excess TooLarge(Mark at) => new(
        at, "The document is too large or nested too deeply.",
        string.Create(CultureInfo.InvariantCulture, $"At most {MostNodes} values, {DeepestNesting} levels and paths of {LongestPath} characters, aliases counted as often as they are used."));
}
